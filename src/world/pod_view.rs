//! What the controllers need to know of many pods, in little space.

use std::net::IpAddr;

use k8s_openapi::{api::core::v1::ServicePort, apimachinery::pkg::util::intstr::IntOrString};
use serde::Deserialize;
use serde_json::Value;

use super::{
    condition::Condition,
    decode::{decode, or_default},
    meta_view::MetaView,
};
use crate::object::status::Result;

/// Says which pods are to be deleted before others.
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// A pod as an endpoint, and as one of many.
#[derive(Clone, Debug, PartialEq)]
pub struct PodView {
    pub namespace: String,
    pub name: String,
    pub uid: String,
    /// The uid of its controller, empty if it has none.
    pub controller: String,
    /// When it was created, as written.
    pub created: String,
    /// In order of their keys.
    pub labels: Vec<(String, String)>,
    /// Its addresses, of one or both families.
    pub ips: Vec<IpAddr>,
    pub node: String,
    pub hostname: String,
    pub subdomain: String,
    /// Its condition `Ready` is true.
    pub is_ready: bool,
    /// When `Ready` last changed, as written.
    pub ready_since: String,
    pub phase: String,
    /// It has run to its end.
    pub is_finished: bool,
    pub is_deleting: bool,
    /// What it costs to delete it, as somebody says, compared with other pods.
    pub deletion_cost: i64,
    named_ports: Vec<NamedPort>,
}

/// A container's port that a Service can name.
#[derive(Clone, Debug, PartialEq)]
struct NamedPort {
    name: String,
    protocol: String,
    number: i32,
}

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    metadata: MetaView<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    spec: Spec<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    status: PodStatus<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec<'a> {
    node_name: &'a str,
    hostname: &'a str,
    subdomain: &'a str,
    #[serde(borrow, deserialize_with = "or_default")]
    containers: Vec<Container<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    init_containers: Vec<Container<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container<'a> {
    restart_policy: &'a str,
    #[serde(borrow, deserialize_with = "or_default")]
    ports: Vec<ContainerPort<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ContainerPort<'a> {
    name: &'a str,
    protocol: &'a str,
    container_port: i32,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodStatus<'a> {
    phase: &'a str,
    #[serde(borrow, rename = "podIPs", deserialize_with = "or_default")]
    pod_ips: Vec<PodIp<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    conditions: Vec<Condition<'a>>,
}

#[derive(Deserialize)]
struct PodIp<'a> {
    ip: &'a str,
}

impl PodView {
    /// Decodes a pod.
    pub fn of(object: &Value) -> Result<Self> {
        let Members { metadata, spec, status } = decode(object)?;
        let ready = status.conditions.iter().find(|condition| condition.kind == "Ready");
        let labels = metadata.labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let cost = metadata.annotations.get(DELETION_COST).and_then(|cost| cost.parse().ok());
        Ok(Self {
            namespace: metadata.namespace.to_owned(),
            name: metadata.name.to_owned(),
            uid: metadata.uid.to_owned(),
            controller: metadata.controller().map_or("", |owner| owner.uid).to_owned(),
            created: metadata.creation_timestamp.to_owned(),
            labels: labels.collect(),
            ips: status.pod_ips.iter().filter_map(|entry| entry.ip.parse().ok()).collect(),
            node: spec.node_name.to_owned(),
            hostname: spec.hostname.to_owned(),
            subdomain: spec.subdomain.to_owned(),
            is_ready: ready.is_some_and(|condition| condition.status == "True"),
            ready_since: ready.map_or("", |condition| condition.last_transition_time).to_owned(),
            phase: status.phase.to_owned(),
            is_finished: matches!(status.phase, "Succeeded" | "Failed"),
            is_deleting: metadata.is_deleting(),
            deletion_cost: cost.unwrap_or_default(),
            named_ports: named_ports(&spec),
        })
    }

    /// Whether it may still do its work.
    pub fn is_active(&self) -> bool {
        !self.is_finished && !self.is_deleting
    }

    /// Whether it has all these labels.
    pub fn has_labels(&self, labels: &[(String, String)]) -> bool {
        labels.iter().all(|label| self.labels.contains(label))
    }

    /// Its hostname, if it belongs to the domain of this Service.
    pub fn hostname_in(&self, service: &str) -> Option<&str> {
        (!self.hostname.is_empty() && self.subdomain == service).then_some(&self.hostname)
    }

    /// The number behind a Service's port; a named one is looked up among the containers' ports.
    pub fn resolve(&self, port: &ServicePort) -> Option<i32> {
        let name = match port.target_port.as_ref()? {
            IntOrString::Int(number) => return Some(*number),
            IntOrString::String(name) => name,
        };
        let protocol = port.protocol.as_deref().unwrap_or_default();
        let mut ports = self.named_ports.iter();
        ports.find(|known| known.name == *name && known.protocol == protocol).map(|known| known.number)
    }

    /// What the change from an earlier state means to the Services that select the pod.
    pub fn change_since(&self, old: &Self) -> PodChange {
        // A pod's node does not change once it has one, so only the first matters.
        let affects = |pod: &Self| (pod.is_ready, pod.ips.clone(), pod.node.clone());
        if self.is_deleting || old.is_deleting || self.uid != old.uid || affects(self) != affects(old) {
            return PodChange::Endpoint;
        }
        let belongs = |pod: &Self| (pod.labels.clone(), pod.hostname.clone(), pod.subdomain.clone());
        if belongs(self) != belongs(old) { PodChange::Membership } else { PodChange::None }
    }
}

/// What a change of a pod is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodChange {
    /// Nothing that Services care about.
    None,
    /// Which Services select it.
    Membership,
    /// The endpoint itself.
    Endpoint,
}

/// The named ports of the containers, then of the sidecars.
fn named_ports(spec: &Spec<'_>) -> Vec<NamedPort> {
    let sidecars = spec.init_containers.iter().filter(|container| container.restart_policy == "Always");
    let ports = spec.containers.iter().chain(sidecars).flat_map(|container| &container.ports);
    let named = ports.filter(|port| !port.name.is_empty());
    named
        .map(|port| NamedPort {
            name: port.name.to_owned(),
            protocol: port.protocol.to_owned(),
            number: port.container_port,
        })
        .collect()
}
