//! What a controller is: changes become keys, keys become work, and each key is reconciled until the cluster is as it
//! should be.

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::workqueue::WorkQueue;
use crate::{
    object::{meta, status::Result},
    world::{change::Change, informer::Informers},
};

/// What a controller works with.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The informers that all controllers share, and through them the API.
    pub world: &'a Informers,
    /// The controller's own queue, for keys that are due later.
    pub queue: &'a WorkQueue,
}

/// A controller.
pub trait Controller: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Which keys a change concerns. Every change is given once, in the order in which they happened.
    fn keys(&self, change: &Change, context: Context<'_>) -> Vec<String>;

    /// Whether a key is left alone for a while after work that took long, so that what changes meanwhile is worked on at
    /// once. A Service with many pods does not occupy the machine then while they come and go.
    fn coalesces(&self) -> bool {
        false
    }

    /// Brings the cluster in line for one key. Idempotent; an error is retried with a growing delay.
    fn reconcile<'a>(&'a self, key: &'a str, context: Context<'a>) -> BoxFuture<'a, Result<()>>;
}

/// `namespace/name` of an object, the key that most controllers use.
pub fn key_of(object: &Value) -> String {
    format!("{}/{}", meta::namespace(object), meta::name(object))
}

/// Splits `namespace/name`.
pub fn split_key(key: &str) -> (&str, &str) {
    key.split_once('/').unwrap_or(("", key))
}
