//! Clients that live inside the server: each follows some kinds and brings others in line with them.
//!
//! A controller sees the API through [`crate::verbs::Api`] like any other client, so nothing it writes escapes
//! defaulting, validation and conflicts.

pub mod bootstrap;
mod dump;
mod endpoint_slices;
mod endpoints;
mod garbage;
mod hints;
mod informer;
mod mirroring;
mod namespace_conditions;
mod namespace_contents;
mod namespaces;
mod owners;
mod pod_view;
mod queue;
mod runner;
mod selection;
mod service_cidrs;
mod slice_plan;
mod slice_writes;
mod subsets;
mod triggers;
mod writes;

use futures_util::future::BoxFuture;
use serde_json::Value;

pub use runner::{Runner, start};

use crate::object::{meta, status::Result};
use informer::{Change, Informers};

/// Every controller of the server.
const CONTROLLERS: &[fn() -> Box<dyn Controller>] = &[
    || Box::<endpoints::EndpointsController>::default(),
    || Box::<endpoint_slices::EndpointSliceController>::default(),
    || Box::new(mirroring::MirroringController),
    || Box::<garbage::GarbageCollector>::default(),
    || Box::new(namespace_contents::NamespaceContents),
    || Box::<namespaces::NamespaceController>::default(),
    || Box::<service_cidrs::ServiceCidrController>::default(),
];

/// A reconciler: changes become keys, keys become work, and work is done until the world is as it should be.
trait Controller: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Which keys a change makes dirty. Every change is told once, in the order in which they happened.
    fn keys(&self, change: &Change, world: &Informers) -> Vec<String>;

    /// Brings one key in line. An error is retried with a growing delay.
    fn reconcile<'a>(&'a self, key: &'a str, world: &'a Informers) -> BoxFuture<'a, Result<()>>;
}

/// `namespace/name` of an object, the key most controllers use.
fn key_of(object: &Value) -> String {
    format!("{}/{}", meta::namespace(object), meta::name(object))
}

/// Splits `namespace/name`.
fn split_key(key: &str) -> (&str, &str) {
    key.split_once('/').unwrap_or(("", key))
}
