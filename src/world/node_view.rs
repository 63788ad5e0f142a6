//! A node as controllers read it.

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;
use k8s_openapi::api::core::v1::Taint;
use serde::Deserialize;
use serde_json::Value;

use super::{
    condition::Condition,
    decode::{decode, or_default},
    meta_view::MetaView,
};
use crate::{object::status::Result, text::quantity};

/// Names the zone of a node.
const ZONE: &str = "topology.kubernetes.io/zone";

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeView {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub is_deleting: bool,
    /// Its condition `Ready` is true.
    pub is_ready: bool,
    pub is_unschedulable: bool,
    pub taints: Vec<Taint>,
    /// The ranges of its pods' addresses.
    pub pod_ranges: Vec<IpNet>,
    /// Its addresses inside the cluster.
    pub addresses: Vec<IpAddr>,
    /// The CPUs that its pods may have, in billionths of one; 0 if it does not say.
    pub cpu: i128,
}

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    metadata: MetaView<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    spec: Spec<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    status: NodeStatus<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec<'a> {
    #[serde(borrow, rename = "podCIDRs", deserialize_with = "or_default")]
    pod_cidrs: Vec<&'a str>,
    #[serde(deserialize_with = "or_default")]
    taints: Vec<Taint>,
    #[serde(deserialize_with = "or_default")]
    unschedulable: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NodeStatus<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    addresses: Vec<Address<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    allocatable: BTreeMap<&'a str, &'a str>,
    #[serde(borrow, deserialize_with = "or_default")]
    conditions: Vec<Condition<'a>>,
}

#[derive(Deserialize)]
struct Address<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    address: &'a str,
}

impl NodeView {
    /// Decodes a node.
    pub fn of(object: &Value) -> Result<Self> {
        let Members { metadata, spec, status } = decode(object)?;
        let labels = metadata.labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let internal = status.addresses.iter().filter(|address| address.kind == "InternalIP");
        let cpu = status.allocatable.get("cpu").and_then(|cpu| quantity::nanos(cpu));
        Ok(Self {
            name: metadata.name.to_owned(),
            labels: labels.collect(),
            is_deleting: metadata.is_deleting(),
            is_ready: status.conditions.iter().any(|condition| condition.holds("Ready")),
            is_unschedulable: spec.unschedulable,
            taints: spec.taints,
            pod_ranges: spec.pod_cidrs.iter().filter_map(|cidr| cidr.parse().ok()).collect(),
            addresses: internal.filter_map(|address| address.address.parse().ok()).collect(),
            cpu: cpu.unwrap_or_default(),
        })
    }

    /// The zone that it is in, empty if it is in none.
    pub fn zone(&self) -> &str {
        self.labels.get(ZONE).map_or("", String::as_str)
    }
}
