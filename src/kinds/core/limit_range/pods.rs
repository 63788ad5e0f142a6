//! What a limit range makes of a pod: what its containers get that they do not ask for, and what they ask for then.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::PodSpec;
use serde_json::{Map, Value};

use super::{CONTAINER, items};
use crate::{
    kinds::pod::amounts::{self, Amounts},
    object::meta::{self, Object},
};

/// Says on a pod what it got.
const ANNOTATION: &str = "kubernetes.io/limit-ranger";

/// Requests and limits, of each container and of a pod as a whole.
pub struct Asked<'a> {
    /// Of regular containers, then of init containers.
    pub containers: Vec<(Amounts<'a>, Amounts<'a>)>,
    /// Of the pod.
    pub pod: (Amounts<'a>, Amounts<'a>),
}

impl<'a> Asked<'a> {
    /// What a pod asks for.
    pub fn of(spec: &'a PodSpec) -> Self {
        let all = spec.containers.iter().chain(spec.init_containers.iter().flatten());
        Self {
            containers: all.map(|container| amounts::of_container(container)).collect(),
            pod: (amounts::pod_requests(spec), amounts::pod_limits(spec)),
        }
    }
}

/// Gives containers what they do not ask for, and notes it on the pod.
pub fn fill(range: &Value, pod: &mut Value) {
    let (mut requests, mut limits) = (Object::new(), Object::new());
    for item in items(range).iter().filter(|item| meta::text(item, &["type"]) == CONTAINER) {
        for (member, amounts) in [("defaultRequest", &mut requests), ("default", &mut limits)] {
            let given = meta::map(item, &[member]).into_iter().flatten();
            amounts.extend(given.map(|(name, amount)| (name.clone(), amount.clone())));
        }
    }
    let mut notes = Vec::new();
    let spec = meta::map_mut(pod, "spec");
    for (list, what) in [("containers", "container"), ("initContainers", "init container")] {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            let name = meta::text(container, &["name"]).to_owned();
            for (member, kind, amounts) in [("requests", "request", &requests), ("limits", "limit", &limits)] {
                let set = fill_in(container, member, amounts);
                if !set.is_empty() {
                    notes.push(format!("{} {kind} for {what} {name}", set.join(", ")));
                }
            }
        }
    }
    if !notes.is_empty() {
        let annotations = meta::metadata_mut(pod).entry("annotations").or_insert(Value::Null);
        let note = format!("LimitRanger plugin set: {}", notes.join("; "));
        meta::members_mut(annotations).insert(ANNOTATION.to_owned(), note.into());
    }
}

/// Sets the amounts that a container lacks; returns their names in order.
fn fill_in(container: &mut Value, member: &str, amounts: &Object) -> Vec<String> {
    let known = meta::map(container, &["resources", member]);
    let missing: BTreeSet<_> =
        amounts.keys().filter(|name| known.is_none_or(|known| !known.contains_key(*name))).cloned().collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let resources = meta::map_mut(container, "resources");
    let own = meta::members_mut(resources.entry(member).or_insert_with(|| Value::Object(Map::new())));
    for name in &missing {
        own.insert(name.clone(), amounts[name].clone());
    }
    missing.into_iter().collect()
}
