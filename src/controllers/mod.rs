//! Clients that live inside the server: each follows some kinds and brings others in line with them.
//!
//! A controller sees the API through [`crate::verbs::Api`] like any other client, so nothing it writes escapes
//! defaulting, validation and conflicts.

mod address_pool;
mod adoption;
mod aggregation;
mod balancer_changes;
pub mod bootstrap;
mod default_roles;
mod deployments;
mod dump;
mod endpoint_slices;
mod endpoints;
mod essentials;
mod event_expiry;
mod garbage;
mod hints;
mod informer;
mod load_balancers;
mod mirroring;
mod namespace_conditions;
mod namespace_contents;
mod namespaces;
pub mod nodes;
mod options;
mod owners;
mod pod_simulator;
mod pod_status;
mod pod_view;
mod queue;
mod recorder;
mod replica_sets;
mod rollout;
mod runner;
mod scheduling;
mod selection;
mod service_cidrs;
mod simulation;
mod slice_plan;
mod slice_writes;
mod subsets;
mod topology;
mod triggers;
mod workloads;
mod writes;

use futures_util::future::BoxFuture;
use serde_json::Value;

pub use load_balancers::{LoadBalancing, Timing};
pub use options::Options;
pub use runner::{Handle, Runner, Unsettled, start};
pub use simulation::Simulation;

use crate::object::{meta, status::Result};
use informer::{Change, Informers};
use queue::Queue;

/// The controllers that every server has.
const CONTROLLERS: &[fn() -> Box<dyn Controller>] = &[
    || Box::new(aggregation::AggregationController),
    || Box::<deployments::DeploymentController>::default(),
    || Box::<endpoints::EndpointsController>::default(),
    || Box::<endpoint_slices::EndpointSliceController>::default(),
    || Box::new(mirroring::MirroringController),
    || Box::<garbage::GarbageCollector>::default(),
    || Box::new(namespace_contents::NamespaceContents),
    || Box::<namespaces::NamespaceController>::default(),
    || Box::<replica_sets::ReplicaSetController>::default(),
    || Box::<service_cidrs::ServiceCidrController>::default(),
];

/// A reconciler: changes become keys, keys become work, and work is done until the world is as it should be.
trait Controller: Send + Sync {
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
