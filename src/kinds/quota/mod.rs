//! What objects count for in quotas: an evaluator for each kind of object.

mod claims;
mod count;
mod devices;
mod pods;
pub mod scopes;
mod services;

use std::collections::BTreeMap;

use serde_json::Value;

use self::scopes::Requirement;
use super::{KindDef, Moment};
use crate::{object::meta, text::quantity::Quantity};

/// How much there is of each resource, by its name.
pub type Amounts = BTreeMap<String, Quantity>;

/// Measures the objects of one kind.
pub trait Evaluator: Send + Sync {
    /// Whether a write of this kind can change what is used.
    fn handles(&self, write: &Write<'_>) -> bool {
        write.is_create && write.subresource.is_empty()
    }

    /// Whether it measures the resource of this name.
    fn measures(&self, resource: &str) -> bool;

    /// Whether an object is in a scope.
    fn is_in(&self, _scope: &Requirement<'_>, _object: &Value) -> bool {
        false
    }

    /// The error text if the object does not set a resource that a quota of these requires it to set.
    fn missing(&self, _resources: &[&str], _object: &Value) -> Option<String> {
        None
    }

    /// What an object uses.
    fn usage(&self, object: &Value, now: Moment) -> Amounts;

    /// Whether updates of its objects can change what they use.
    fn changes(&self) -> bool {
        false
    }
}

/// What is done to an object.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// It is new.
    pub is_create: bool,
    /// The subresource that is written, if any.
    pub subresource: &'a str,
    /// The object before, if it is not new.
    pub old: Option<&'a Value>,
    /// The object as it is to become.
    pub object: &'a Value,
}

/// How objects of a kind are measured; `None` if nobody counts them.
pub fn evaluator(kind: &KindDef) -> Option<Box<dyn Evaluator>> {
    if !kind.is_namespaced() || !kind.has_objects() {
        return None;
    }
    let (group, plural) = (&*kind.gvk.group, &*kind.plural);
    Some(match (group, plural) {
        ("" | "events.k8s.io", "events") => return None,
        ("", "pods") => Box::new(pods::Pods),
        ("", "services") => Box::new(services::Services),
        ("", "persistentvolumeclaims") => Box::new(claims::Claims),
        ("resource.k8s.io", "resourceclaims") => Box::new(devices::ResourceClaims),
        _ => Box::new(count::Count::of(group, plural)),
    })
}

/// The amounts of a list such as `status.hard`.
pub fn amounts(object: &Value, path: &[&str]) -> Amounts {
    let given = meta::map(object, path).into_iter().flatten();
    given.filter_map(|(name, amount)| Some((name.clone(), Quantity::parse(amount.as_str()?)?))).collect()
}

/// Adds amounts.
pub fn add(sum: &mut Amounts, amounts: Amounts) {
    for (name, amount) in amounts {
        sum.entry(name).and_modify(|sum| sum.add(&amount)).or_insert(amount);
    }
}

/// The name of the quota that counts the objects of a kind.
fn count_name(group: &str, plural: &str) -> String {
    if group.is_empty() { format!("count/{plural}") } else { format!("count/{plural}.{group}") }
}

fn one(name: impl Into<String>) -> (String, Quantity) {
    (name.into(), Quantity::whole(1))
}
