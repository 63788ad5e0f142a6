//! Clients that live inside the server: each follows some kinds and brings others in line with them.
//!
//! A controller sees the API through [`crate::verbs::Api`] like any other client, so nothing it writes escapes
//! defaulting, validation and conflicts.

mod aggregation;
pub mod bootstrap;
mod default_roles;
mod endpoints;
mod informer;
mod namespace_contents;
mod namespaces;
mod queue;
mod runner;
mod subsets;

use futures_util::future::BoxFuture;
use serde_json::Value;

pub use runner::{Runner, start};

use crate::{kinds::KindDef, object::status::Result};
use informer::Informers;

/// Every controller of the server.
const CONTROLLERS: &[&dyn Controller] = &[
    &aggregation::AggregationController,
    &endpoints::EndpointsController,
    &namespace_contents::NamespaceContents,
    &namespaces::NamespaceController,
];

/// A reconciler: events become keys, keys become work, and work is done until the world is as it should be.
trait Controller: Send + Sync {
    /// Its name, which is also its field manager.
    fn name(&self) -> &'static str;

    /// The kinds it follows.
    fn follows(&self) -> &'static [&'static KindDef];

    /// Which keys an event makes dirty; `old` or `new` is absent when the object appeared or vanished.
    fn keys(&self, def: &KindDef, old: Option<&Value>, new: Option<&Value>, world: &Informers) -> Vec<String>;

    /// Brings one key in line. An error is retried with a growing delay.
    fn reconcile<'a>(&'a self, key: &'a str, world: &'a Informers) -> BoxFuture<'a, Result<()>>;
}

/// `namespace/name` of an object, the key most controllers use.
fn key_of(object: &Value) -> String {
    format!("{}/{}", crate::object::meta::namespace(object), crate::object::meta::name(object))
}

/// Splits `namespace/name`.
fn split_key(key: &str) -> (&str, &str) {
    key.split_once('/').unwrap_or(("", key))
}
