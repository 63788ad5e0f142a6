//! Serves the kinds that CustomResourceDefinitions make: gives definitions their names, establishes them, keeps the list of
//! kinds in line with them, and deletes instances before their definition goes.

mod finalize;
mod follow;
mod register;
mod status;

use std::{future::ready, sync::Arc};

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::{
    kinds::{
        Converting,
        apiextensions::custom::{Converter, Unconverted},
    },
    object::{Status, status::Result},
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

/// Converters for definitions whose versions do not differ.
pub fn without_webhooks() -> Converters {
    Arc::new(|conversion| match conversion.get("strategy").and_then(Value::as_str) {
        Some("Webhook") => Some(Arc::new(NoWebhooks)),
        _ => Some(Arc::new(Unconverted)),
    })
}

struct NoWebhooks;

impl Converter for NoWebhooks {
    fn convert<'a>(&'a self, _object: Value, _to: &'a str) -> Converting<'a> {
        Box::pin(ready(Err(Status::untyped("conversion by webhooks is not supported"))))
    }
}

impl Drop for Definitions {
    fn drop(&mut self) {
        self.0.abort();
    }
}
