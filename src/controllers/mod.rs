//! Clients that live inside the server: each follows some kinds and brings others in line with them.
//!
//! A controller sees the API through [`crate::verbs::Api`] like any other client, so nothing it writes escapes
//! defaulting, validation and conflicts.

pub mod engine;
mod services;
pub mod simulation;
pub mod upkeep;
mod workloads;

use futures_util::future::BoxFuture;
use serde_json::Value;

pub use crate::controllers::engine::options::Options;
pub use crate::controllers::engine::runner::{Handle, Runner, Unsettled, start};
pub use crate::controllers::services::load_balancers::{LoadBalancing, Timing};
pub use crate::controllers::simulation::options::Simulation;

use crate::controllers::engine::queue::Queue;
use crate::object::{meta, status::Result};
use crate::world::informer::{Change, Informers};

/// The controllers that every server has.
const CONTROLLERS: &[fn() -> Box<dyn Controller>] = &[
    || Box::new(upkeep::aggregation::AggregationController),
    || Box::<workloads::deployments::DeploymentController>::default(),
    || Box::<services::endpoints::EndpointsController>::default(),
    || Box::<services::endpoint_slices::EndpointSliceController>::default(),
    || Box::new(services::mirroring::MirroringController),
    || Box::<upkeep::garbage::GarbageCollector>::default(),
    || Box::new(upkeep::namespace_contents::NamespaceContents),
    || Box::<upkeep::namespaces::NamespaceController>::default(),
    || Box::<workloads::replica_sets::ReplicaSetController>::default(),
    || Box::<services::service_cidrs::ServiceCidrController>::default(),
];

/// A reconciler: changes become keys, keys become work, and work is done until the world is as it should be.
pub trait Controller: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Which keys a change makes dirty. Every change is told once, in the order in which they happened.
    fn keys(&self, change: &Change, world: &Informers) -> Vec<String>;

    /// Gets the controller's own queue, for work that is due later.
    fn attach(&self, _queue: &Queue) {}

    /// Whether a key rests after work that took long. What happens meanwhile is then worked off at once, so a Service
    /// with many pods does not occupy the machine while they come and go.
    fn rests(&self) -> bool {
        false
    }

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
