//! A Service as those read it who look for its endpoints.

use serde::Deserialize;
use serde_json::Value;

use super::typed::decode;
use crate::object::{meta, status::Result};

/// What endpoints depend on.
pub struct ServiceView<'a> {
    /// The name.
    pub name: &'a str,
    /// The ports.
    pub ports: Vec<ServicePort<'a>>,
    /// Whether pods that are not ready are endpoints like the others.
    pub publishes_not_ready: bool,
    /// The IP families, the primary first; empty for a Service that is as old as before there were families.
    pub families: Vec<&'a str>,
    /// The cluster IP, `None` for a headless Service, empty if there is none.
    pub cluster_ip: &'a str,
    /// How traffic is to be distributed; empty if nobody has said so.
    pub traffic_distribution: &'a str,
}

/// A port of a Service.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServicePort<'a> {
    pub name: Option<&'a str>,
    pub protocol: Option<&'a str>,
    pub app_protocol: Option<&'a str>,
    #[serde(borrow)]
    pub target_port: Option<TargetPort<'a>>,
}

/// Where a port leads to in a pod.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum TargetPort<'a> {
    Number(i64),
    /// The name of a container's port.
    Name(&'a str),
}

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    spec: Option<Spec<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow)]
    ports: Option<Vec<ServicePort<'a>>>,
    publish_not_ready_addresses: Option<bool>,
    #[serde(borrow)]
    ip_families: Option<Vec<&'a str>>,
    #[serde(rename = "clusterIP")]
    cluster_ip: Option<&'a str>,
    traffic_distribution: Option<&'a str>,
}

impl<'a> ServiceView<'a> {
    /// Decodes a Service.
    pub fn of(service: &'a Value) -> Result<Self> {
        let spec = decode::<Object<'_>>(service)?.spec.unwrap_or_default();
        Ok(Self {
            name: meta::name(service),
            ports: spec.ports.unwrap_or_default(),
            publishes_not_ready: spec.publish_not_ready_addresses.unwrap_or_default(),
            families: spec.ip_families.unwrap_or_default(),
            cluster_ip: spec.cluster_ip.unwrap_or_default(),
            traffic_distribution: spec.traffic_distribution.unwrap_or_default(),
        })
    }

    /// Whether it has no cluster IP.
    pub fn is_headless(&self) -> bool {
        matches!(self.cluster_ip, "" | "None")
    }

    /// Whether it leads to pods without naming a port, as only headless Services do.
    pub fn is_portless(&self) -> bool {
        self.ports.is_empty() && self.cluster_ip == "None"
    }

    /// The address types of its endpoints: its families, or what its cluster IP tells, or both.
    pub fn address_types(&self) -> Vec<&'static str> {
        let of = |is_v6: bool| if is_v6 { "IPv6" } else { "IPv4" };
        if !self.families.is_empty() {
            return self.families.iter().map(|family| of(*family == "IPv6")).collect();
        }
        if self.is_headless() { vec!["IPv4", "IPv6"] } else { vec![of(self.cluster_ip.contains(':'))] }
    }
}

impl ServicePort<'_> {
    /// The protocol, empty if there is none.
    pub fn protocol(&self) -> &str {
        self.protocol.unwrap_or_default()
    }
}
