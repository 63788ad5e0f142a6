//! The shared names that a stored Service holds: its addresses and its node ports.

use std::{borrow::Cow, net::IpAddr};

use serde::Deserialize;
use serde_json::Value;

use super::view::{EXTERNAL_NAME, LOAD_BALANCER, LOCAL, NODE_PORT, NONE, undecodable};
use crate::kinds::rules::ip;
use crate::object::status::Result;

/// The members of a spec that say what a Service holds.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HeldNames<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, rename = "clusterIPs")]
    cluster_ips: Vec<Cow<'a, str>>,
    ports: Vec<Port>,
    health_check_node_port: i32,
    #[serde(borrow)]
    external_traffic_policy: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Port {
    #[serde(default)]
    node_port: i32,
}

impl<'a> HeldNames<'a> {
    /// Decodes them from a stored Service.
    pub fn of(object: &'a Value) -> Result<Self> {
        let Some(spec) = object.get("spec") else { return Ok(Self::default()) };
        Self::deserialize(spec).map_err(|error| undecodable(object, &error))
    }

    /// The cluster IPs; an alias has none.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let list = if self.kind == EXTERNAL_NAME { &[][..] } else { &self.cluster_ips };
        list.iter().filter(|text| *text != NONE).filter_map(|text| ip::parse(text))
    }

    /// The node ports, that of the health check too.
    pub fn ports(&self) -> impl Iterator<Item = u16> {
        let is_balancer = self.kind == LOAD_BALANCER;
        let list = if is_balancer || self.kind == NODE_PORT { &self.ports[..] } else { &[] };
        let health_check = is_balancer && self.external_traffic_policy == LOCAL;
        let numbers = list.iter().map(|port| port.node_port);
        let numbers = numbers.chain(health_check.then_some(self.health_check_node_port));
        numbers.filter_map(|port| u16::try_from(port).ok()).filter(|port| *port != 0)
    }
}
