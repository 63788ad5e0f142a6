//! Serves the kinds that CustomResourceDefinitions make: gives definitions their names, establishes them, keeps the list of
//! kinds in line with them, and deletes instances before their definition goes.

mod finalize;
mod follow;
mod register;
mod status;

use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::{
    kinds::apiextensions::custom::{Converter, Unconverted},
    object::status::Result,
    verbs::Api,
};
use follow::Follower;

/// Makes the converter that the `spec.conversion` of a definition asks for; `None` if the certificates of its webhook
/// cannot be read. Then the definition is not established.
pub type Converters = Arc<dyn Fn(&Value) -> Option<Arc<dyn Converter>> + Send + Sync>;

/// Follows the definitions until it is dropped.
pub struct Definitions(JoinHandle<()>);

/// Serves what the stored definitions make, and from then on what they become.
pub async fn start(api: &Api, converters: Converters) -> Result<Definitions> {
    let mut follower = Follower::new(api.clone(), converters);
    follower.restore().await?;
    Ok(Definitions(tokio::spawn(async move { follower.run().await })))
}

/// The converters that definitions ask for: none, or a webhook.
pub fn converters(api: &Api) -> Converters {
    let webhook = api.converters();
    Arc::new(move |conversion| match conversion.get("strategy").and_then(Value::as_str) {
        Some("Webhook") => Some(Arc::new(webhook(conversion)?)),
        _ => Some(Arc::new(Unconverted)),
    })
}

impl Definitions {
    /// Returns, with the reason, when definitions are followed no longer.
    pub async fn ended(&mut self) -> String {
        (&mut self.0).await.map_or_else(|error| error.to_string(), |()| "it returned".to_owned())
    }
}

impl Drop for Definitions {
    fn drop(&mut self) {
        self.0.abort();
    }
}
