//! Clients that live inside the server: each follows some kinds and brings others in line with them.
//!
//! A controller sees the API through [`crate::verbs::Api`] like any other client, so nothing it writes escapes
//! defaulting, validation and conflicts.

pub mod bootstrap;
mod deployments;
mod endpoints;
mod informer;
mod namespace_contents;
mod namespaces;
mod options;
mod queue;
mod recorder;
mod replica_sets;
mod rollout;
mod runner;
mod subsets;
mod workloads;

use futures_util::future::BoxFuture;
use serde_json::Value;

pub use options::Options;
pub use runner::{Handle, Runner, Unsettled, start};

use crate::{kinds::KindDef, object::status::Result};
use informer::Informers;
use queue::Queue;

/// The controllers that every server has.
const CONTROLLERS: &[&dyn Controller] =
    &[&endpoints::EndpointsController, &namespace_contents::NamespaceContents, &namespaces::NamespaceController];

/// A reconciler: events become keys, keys become work, and work is done until the world is as it should be.
trait Controller: Send + Sync {
    /// Its name, which is also its field manager.
    fn name(&self) -> &'static str;

    /// The kinds it follows.
    fn follows(&self) -> &'static [&'static KindDef];

    /// Which keys an event makes dirty; `old` or `new` is absent when the object appeared or vanished.
    fn keys(&self, def: &KindDef, old: Option<&Value>, new: Option<&Value>, world: &Informers) -> Vec<String>;

    /// Gets the controller's own queue, for work that is due later.
    fn attach(&self, _queue: &Queue) {}

    /// Brings one key in line. An error is retried with a growing delay.
    fn reconcile<'a>(&'a self, key: &'a str, world: &'a Informers) -> BoxFuture<'a, Result<()>>;
}

impl<T: Controller + ?Sized> Controller for &T {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn follows(&self) -> &'static [&'static KindDef] {
        (**self).follows()
    }

    fn keys(&self, def: &KindDef, old: Option<&Value>, new: Option<&Value>, world: &Informers) -> Vec<String> {
        (**self).keys(def, old, new, world)
    }

    fn attach(&self, queue: &Queue) {
        (**self).attach(queue);
    }

    fn reconcile<'a>(&'a self, key: &'a str, world: &'a Informers) -> BoxFuture<'a, Result<()>> {
        (**self).reconcile(key, world)
    }
}

/// `namespace/name` of an object, the key most controllers use.
fn key_of(object: &Value) -> String {
    format!("{}/{}", crate::object::meta::namespace(object), crate::object::meta::name(object))
}

/// Splits `namespace/name`.
fn split_key(key: &str) -> (&str, &str) {
    key.split_once('/').unwrap_or(("", key))
}
