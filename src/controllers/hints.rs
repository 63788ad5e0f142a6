//! Hints: for whom an endpoint is meant, as a Service's `trafficDistribution` wants it.

use serde_json::{Map, Value, json};

use super::slice_plan::Plan;
use crate::object::meta;

/// Annotations that ask for hints in proportion to the CPUs of each zone. They go before `trafficDistribution`.
const PROPORTIONAL: [&str; 2] = ["service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"];

/// How traffic is to be distributed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Distribution {
    SameZone,
    SameNode,
}

/// Gives the endpoints of all slices the hints they should have; slices whose hints change are updated.
pub(super) fn apply(service: &Value, plan: &mut Plan) {
    let distribution = distribution(service);
    for slice in plan.create.iter_mut().chain(&mut plan.update) {
        hint(slice, distribution);
    }
    for mut slice in std::mem::take(&mut plan.keep) {
        let list = if hint(&mut slice, distribution) { &mut plan.update } else { &mut plan.keep };
        list.push(slice);
    }
}

fn distribution(service: &Value) -> Option<Distribution> {
    let annotation = |key: &&str| meta::at(service, &["metadata", "annotations", key]).and_then(Value::as_str);
    if matches!(PROPORTIONAL.iter().find_map(annotation), Some("Auto" | "auto")) {
        return None;
    }
    match meta::text(service, &["spec", "trafficDistribution"]) {
        "PreferClose" | "PreferSameZone" => Some(Distribution::SameZone),
        "PreferSameNode" => Some(Distribution::SameNode),
        _ => None,
    }
}

/// Sets the hints of one slice; answers whether anything changed.
fn hint(slice: &mut Value, distribution: Option<Distribution>) -> bool {
    let mut changed = false;
    for endpoint in slice.get_mut("endpoints").and_then(Value::as_array_mut).into_iter().flatten() {
        let is_ready = meta::at(endpoint, &["conditions", "ready"]) == Some(&Value::Bool(true));
        // What is not ready gets no traffic, so its hints do not matter.
        if distribution.is_some() && !is_ready {
            continue;
        }
        let wanted = distribution.map_or(Value::Null, |distribution| hints(endpoint, distribution));
        if endpoint.get("hints").unwrap_or(&Value::Null) != &wanted {
            changed = true;
            meta::set(endpoint.as_object_mut().expect("an endpoint is a map"), "hints", wanted);
        }
    }
    changed
}

fn hints(endpoint: &Value, distribution: Distribution) -> Value {
    let mut hints = Map::new();
    let (zone, node) = (meta::text(endpoint, &["zone"]), meta::text(endpoint, &["nodeName"]));
    if !zone.is_empty() {
        hints.insert("forZones".into(), json!([{"name": zone}]));
    }
    if distribution == Distribution::SameNode && !node.is_empty() {
        hints.insert("forNodes".into(), json!([{"name": node}]));
    }
    if hints.is_empty() { Value::Null } else { hints.into() }
}
