//! A pod as the simulated scheduler and kubelets read it.

use std::{collections::BTreeMap, net::IpAddr};

use k8s_openapi::api::core::v1::{PodReadinessGate, PodSchedulingGate, Toleration};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    object::status::Result,
    world::{
        condition::Condition,
        decode::{decode, or_default},
        meta_view::MetaView,
    },
};

/// A pod.
pub struct SimulatedPod<'a> {
    /// All of it, for writing and for Events.
    pub object: &'a Value,
    pub metadata: MetaView<'a>,
    pub spec: Spec<'a>,
    pub status: PodStatus<'a>,
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

/// What a pod is to be.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec<'a> {
    pub node_name: &'a str,
    pub scheduler_name: &'a str,
    pub restart_policy: &'a str,
    pub host_network: bool,
    #[serde(borrow, deserialize_with = "or_default")]
    pub node_selector: BTreeMap<&'a str, &'a str>,
    #[serde(deserialize_with = "or_default")]
    pub tolerations: Vec<Toleration>,
    #[serde(deserialize_with = "or_default")]
    pub scheduling_gates: Vec<PodSchedulingGate>,
    #[serde(deserialize_with = "or_default")]
    pub readiness_gates: Vec<PodReadinessGate>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub containers: Vec<Container<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub init_containers: Vec<Container<'a>>,
}

/// A container that is to run.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container<'a> {
    pub name: &'a str,
    pub image: &'a str,
    pub restart_policy: &'a str,
}

/// What a pod is.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus<'a> {
    pub phase: &'a str,
    #[serde(borrow, rename = "podIPs", deserialize_with = "or_default")]
    pod_ips: Vec<PodIp<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    conditions: Vec<Condition<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub container_statuses: Vec<ContainerStatus<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub init_container_statuses: Vec<ContainerStatus<'a>>,
}

#[derive(Deserialize)]
struct PodIp<'a> {
    ip: &'a str,
}

/// What a container is.
#[derive(Deserialize)]
pub struct ContainerStatus<'a> {
    pub name: &'a str,
    /// Under the state's name what is known of it.
    #[serde(default, deserialize_with = "or_default")]
    pub state: BTreeMap<String, Value>,
}

impl<'a> SimulatedPod<'a> {
    /// Decodes a pod.
    pub fn of(object: &'a Value) -> Result<Self> {
        let Members { metadata, spec, status } = decode(object)?;
        Ok(Self { object, metadata, spec, status })
    }

    /// The key of the pod.
    pub fn key(&self) -> String {
        self.metadata.namespaced_name()
    }

    /// Whether it has run to its end.
    pub fn is_finished(&self) -> bool {
        matches!(self.status.phase, "Succeeded" | "Failed")
    }

    /// Whether it may still do its work.
    pub fn is_active(&self) -> bool {
        !self.is_finished() && !self.metadata.is_deleting()
    }

    /// A condition.
    pub fn condition(&self, kind: &str) -> Option<&Condition<'a>> {
        self.status.conditions.iter().find(|condition| condition.kind == kind)
    }

    /// Whether a condition is true.
    pub fn is_true(&self, kind: &str) -> bool {
        self.status.conditions.iter().any(|condition| condition.holds(kind))
    }

    /// The addresses that it has.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.status.pod_ips.iter().filter_map(|entry| entry.ip.parse().ok())
    }
}
