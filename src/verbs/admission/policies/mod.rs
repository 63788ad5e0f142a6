//! Admission policies: expressions that change or refuse what is written, where bindings put them in force.

mod findings;
mod invocations;
mod known;
mod matching;
mod mutating;
mod mutation;
mod params;
mod policy;
mod run;
mod validating;

use serde_json::Value;

pub(super) use self::{mutating::MutatingPolicies, validating::ValidatingPolicies};
use super::Review;
use crate::{
    kinds::core::namespace,
    object::{Status, meta},
    verbs::{Api, Target, read::stored},
};

/// The refusal of a request by a policy, with this text and without a cause so far.
fn forbidden(review: &Review<'_>, message: &str) -> Box<Status> {
    let def = &review.attributes.target.def;
    let generated = review.object.as_deref().map_or("", |object| meta::text(object, &["metadata", "generateName"]));
    let name = [review.name(), generated].into_iter().find(|name| !name.is_empty()).unwrap_or("Unknown");
    Status::forbidden(&def.gvk.group, &def.plural, name, message)
}

/// The request's namespace, unless it has none or is one.
fn namespace_of(api: &Api, target: &Target) -> Value {
    let Target { def, namespace: Some(name), .. } = target else { return Value::Null };
    if !def.is_namespaced() {
        return Value::Null;
    }
    let key = Target::new(&namespace::DEF, "", name).key();
    api.0.store.get(&key).map_or(Value::Null, |found| stored::parse(found.bytes()))
}
