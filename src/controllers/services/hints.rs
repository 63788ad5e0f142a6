//! Hints: for whom an endpoint is meant, as a Service's annotation or its `trafficDistribution` wants it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use k8s_openapi::api::discovery::v1::{Endpoint, EndpointHints, EndpointSlice, ForNode, ForZone};

use super::{
    slice_plan::Plan,
    topology::{self, Shares, Zones, is_ready},
};
use crate::world::service_view::ServiceView;

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
        service: &ServiceView<'_>,
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

    /// Returns whether there was something to forget.
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

fn wants_proportion(service: &ServiceView<'_>) -> bool {
    let wanted = PROPORTIONAL.iter().find_map(|name| service.metadata.annotations.get(name));
    matches!(wanted, Some(&("Auto" | "auto")))
}

fn distribution(service: &ServiceView<'_>) -> Option<Distribution> {
    match service.spec.traffic_distribution.as_deref()? {
        "PreferClose" | "PreferSameZone" => Some(Distribution::SameZone),
        "PreferSameNode" => Some(Distribution::SameNode),
        _ => None,
    }
}

/// Sets the hints of one slice; returns whether anything changed.
fn hint(slice: &mut EndpointSlice, distribution: Option<Distribution>) -> bool {
    let mut changed = false;
    for endpoint in slice.endpoints.iter_mut().flatten() {
        // What is not ready gets no traffic, so its hints do not matter.
        if distribution.is_some() && !is_ready(endpoint) {
            continue;
        }
        let wanted = distribution.and_then(|distribution| hints(endpoint, distribution));
        if endpoint.hints != wanted {
            changed = true;
            endpoint.hints = wanted;
        }
    }
    changed
}

fn hints(endpoint: &Endpoint, distribution: Distribution) -> Option<EndpointHints> {
    let given = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
    let node = given(&endpoint.node_name).filter(|_| distribution == Distribution::SameNode);
    let for_zones = given(&endpoint.zone).map(|name| vec![ForZone { name }]);
    let for_nodes = node.map(|name| vec![ForNode { name }]);
    (for_zones.is_some() || for_nodes.is_some()).then_some(EndpointHints { for_nodes, for_zones })
}
