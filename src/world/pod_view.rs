//! What the controllers need to know of many pods, in little space.

use std::net::IpAddr;

use serde_json::Value;

use crate::object::meta;

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
    number: i64,
}

impl PodView {
    /// Looks at a pod.
    pub fn of(pod: &Value) -> Self {
        let labels = meta::map(pod, &["metadata", "labels"]).into_iter().flatten();
        let mut labels: Vec<_> =
            labels.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
        labels.sort_unstable();
        let controller =
            meta::items(pod, &["metadata", "ownerReferences"]).iter().find(|owner| owner["controller"] == true);
        let phase = meta::text(pod, &["status", "phase"]);
        let text = |path: &[&str]| meta::text(pod, path).to_owned();
        let ready = meta::items(pod, &["status", "conditions"]).iter().find(|c| meta::text(c, &["type"]) == "Ready");
        let of_ready = |member: &str| ready.map(|c| meta::text(c, &[member])).unwrap_or_default();
        let ips = meta::items(pod, &["status", "podIPs"]).iter();
        Self {
            namespace: meta::namespace(pod).to_owned(),
            name: meta::name(pod).to_owned(),
            uid: meta::uid(pod).to_owned(),
            controller: controller.map(|owner| meta::text(owner, &["uid"]).to_owned()).unwrap_or_default(),
            created: text(&["metadata", "creationTimestamp"]),
            labels,
            ips: ips.filter_map(|ip| meta::text(ip, &["ip"]).parse().ok()).collect(),
            node: text(&["spec", "nodeName"]),
            hostname: text(&["spec", "hostname"]),
            subdomain: text(&["spec", "subdomain"]),
            is_ready: of_ready("status") == "True",
            ready_since: of_ready("lastTransitionTime").to_owned(),
            phase: phase.to_owned(),
            is_finished: matches!(phase, "Succeeded" | "Failed"),
            is_deleting: meta::is_deleting(pod),
            deletion_cost: text(&["metadata", "annotations", DELETION_COST]).parse().unwrap_or_default(),
            named_ports: named_ports(pod),
        }
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
    pub fn resolve(&self, port: &Value) -> Option<i64> {
        let name = match port.get("targetPort")? {
            Value::String(name) => name,
            number => return number.as_i64(),
        };
        let protocol = meta::text(port, &["protocol"]);
        self.named_ports
            .iter()
            .find(|known| known.name == *name && known.protocol == protocol)
            .map(|known| known.number)
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
fn named_ports(pod: &Value) -> Vec<NamedPort> {
    let is_sidecar = |c: &&Value| meta::text(c, &["restartPolicy"]) == "Always";
    let containers = meta::items(pod, &["spec", "containers"]).iter();
    let sidecars = meta::items(pod, &["spec", "initContainers"]).iter().filter(is_sidecar);
    let ports = containers.chain(sidecars).flat_map(|container| meta::items(container, &["ports"]));
    let named = ports.filter(|port| !meta::text(port, &["name"]).is_empty());
    named
        .map(|port| NamedPort {
            name: meta::text(port, &["name"]).to_owned(),
            protocol: meta::text(port, &["protocol"]).to_owned(),
            number: port.get("containerPort").and_then(Value::as_i64).unwrap_or_default(),
        })
        .collect()
}
