//! Hints: for whom an endpoint is meant, as a Service's annotation or its `trafficDistribution` wants it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Map, Value, json};

use super::{
    slice_plan::Plan,
    topology::{self, Shares, Zones},
};
use crate::object::meta;

/// Annotations that ask for hints in proportion to the CPUs of each zone. They go before `trafficDistribution`.
const PROPORTIONAL: [&str; 2] = ["service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"];
const ENABLED: (&str, &str) = ("Normal", "TopologyAwareHintsEnabled");
const DISABLED: (&str, &str) = ("Warning", "TopologyAwareHintsDisabled");

/// The Services whose hints are in proportion to CPUs: how many endpoints each zone has, by address type.
#[derive(Default)]
pub struct Hints(Mutex<HashMap<String, HashMap<String, Zones>>>);

/// What the users of a Service are to be told: the event's type, reason and message.
pub type Told = ((&'static str, &'static str), String);

/// How traffic is to be distributed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Distribution {
    SameZone,
    SameNode,
}

impl Hints {
    /// Gives the endpoints of all slices of one address type the hints they should have; slices whose hints change are
    /// updated.
    pub fn apply(
        &self,
        key: &str,
        address_type: &str,
        service: &Value,
        plan: &mut Plan,
        shares: impl FnOnce() -> Option<Shares>,
    ) -> Option<Told> {
        let told =
            |(kind, reason), message: &str| Some(((kind, reason), format!("{message}, addressType: {address_type}")));
        if !wants_proportion(service) {
            distribute(distribution(service), plan);
            let had = self.forget_type(key, address_type);
            return if had { told(DISABLED, "Topology Aware Hints has been disabled") } else { None };
        }
        match topology::apply(plan, shares().as_ref()) {
            Ok(zones) => {
                let mut services = self.services();
                let is_new = !services.contains_key(key);
                services.entry(key.to_owned()).or_default().insert(address_type.to_owned(), zones);
                if is_new { told(ENABLED, "Topology Aware Hints has been enabled") } else { None }
            }
            Err(why) => {
                distribute(None, plan);
                self.forget_type(key, address_type);
                told(DISABLED, &why)
            }
        }
    }

    /// The Services that need other hints now that the zones have these shares.
    pub fn overloaded(&self, shares: Option<&Shares>) -> Vec<String> {
        let services = self.services();
        let suffers = |zones: &HashMap<String, Zones>| zones.values().any(|z| topology::is_overloaded(z, shares));
        services.iter().filter(|(_, zones)| suffers(zones)).map(|(key, _)| key.clone()).collect()
    }

    /// Forgets a Service that is gone.
    pub fn forget(&self, key: &str) {
        self.services().remove(key);
    }

    /// Answers whether there was something to forget.
    fn forget_type(&self, key: &str, address_type: &str) -> bool {
        let mut services = self.services();
        let Some(types) = services.get_mut(key) else { return false };
        types.remove(address_type);
        if types.is_empty() {
            services.remove(key);
        }
        true
    }

    fn services(&self) -> MutexGuard<'_, HashMap<String, HashMap<String, Zones>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn distribute(distribution: Option<Distribution>, plan: &mut Plan) {
    for slice in plan.create.iter_mut().chain(&mut plan.update) {
        hint(slice, distribution);
    }
    for mut slice in std::mem::take(&mut plan.keep) {
        let list = if hint(&mut slice, distribution) { &mut plan.update } else { &mut plan.keep };
        list.push(slice);
    }
}

fn wants_proportion(service: &Value) -> bool {
    let annotation = |key: &&str| meta::at(service, &["metadata", "annotations", key]).and_then(Value::as_str);
    matches!(PROPORTIONAL.iter().find_map(annotation), Some("Auto" | "auto"))
}

fn distribution(service: &Value) -> Option<Distribution> {
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
