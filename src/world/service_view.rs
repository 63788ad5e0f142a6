//! A Service as controllers read it.

use k8s_openapi::api::core::v1::{LoadBalancerIngress, ServicePort, ServiceSpec, ServiceStatus};
use serde::Deserialize;
use serde_json::Value;

use super::{
    decode::{decode, or_default},
    meta_view::MetaView,
};
use crate::object::status::Result;

/// The type of Services that are names of something outside, and have no endpoints.
pub const EXTERNAL_NAME: &str = "ExternalName";
/// The type of Services that have an address outside the cluster.
const LOAD_BALANCER: &str = "LoadBalancer";

/// A Service.
pub struct ServiceView<'a> {
    /// All of it, for writing and for Events.
    pub object: &'a Value,
    pub metadata: MetaView<'a>,
    pub spec: ServiceSpec,
    status: ServiceStatus,
}

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    metadata: MetaView<'a>,
    #[serde(default, deserialize_with = "or_default")]
    spec: ServiceSpec,
    #[serde(default, deserialize_with = "or_default")]
    status: ServiceStatus,
}

impl<'a> ServiceView<'a> {
    /// Decodes a Service.
    pub fn of(object: &'a Value) -> Result<Self> {
        let Members { metadata, spec, status } = decode(object)?;
        Ok(Self { object, metadata, spec, status })
    }

    /// `spec.type`.
    pub fn service_type(&self) -> &str {
        self.spec.type_.as_deref().unwrap_or_default()
    }

    /// Whether it has an address outside the cluster.
    pub fn is_load_balancer(&self) -> bool {
        self.service_type() == LOAD_BALANCER
    }

    /// What it selects if it wants the pods as endpoints, never empty.
    pub fn selector(&self) -> Option<Vec<(String, String)>> {
        let selector = self.spec.selector.as_ref().filter(|selector| !selector.is_empty())?;
        let pairs = selector.iter().map(|(key, value)| (key.clone(), value.clone()));
        (self.service_type() != EXTERNAL_NAME).then(|| pairs.collect())
    }

    /// The primary cluster IP; empty if there is none.
    pub fn cluster_ip(&self) -> &str {
        self.spec.cluster_ip.as_deref().unwrap_or_default()
    }

    /// Whether it has no cluster IP.
    pub fn is_headless(&self) -> bool {
        matches!(self.cluster_ip(), "" | "None")
    }

    /// Whether pods count as ready before they are.
    pub fn publishes_not_ready(&self) -> bool {
        self.spec.publish_not_ready_addresses == Some(true)
    }

    /// Its IP families, the primary one first.
    pub fn families(&self) -> &[String] {
        self.spec.ip_families.as_deref().unwrap_or_default()
    }

    /// Its ports.
    pub fn ports(&self) -> &[ServicePort] {
        self.spec.ports.as_deref().unwrap_or_default()
    }

    /// Where its load balancer can be reached.
    pub fn ingress(&self) -> &[LoadBalancerIngress] {
        self.status.load_balancer.as_ref().and_then(|status| status.ingress.as_deref()).unwrap_or_default()
    }
}
