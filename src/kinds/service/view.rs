//! A Service's spec as the API sees it, where absent and empty mean the same.

use k8s_openapi::api::core::v1::{ServicePort, ServiceSpec};
use serde::Deserialize;
use serde_json::Value;

use crate::object::{Status, meta, status::Result};

/// The type with an address inside the cluster.
pub const CLUSTER_IP: &str = "ClusterIP";
/// The type that also has a port on every node.
pub const NODE_PORT: &str = "NodePort";
/// The type that also has an address outside the cluster.
pub const LOAD_BALANCER: &str = "LoadBalancer";
/// The type that is a mere alias.
pub const EXTERNAL_NAME: &str = "ExternalName";

/// The cluster IP of a headless Service.
pub const NONE: &str = "None";

/// The policy of one IP family.
pub const SINGLE_STACK: &str = "SingleStack";
/// The policy of both IP families if the cluster has them.
pub const PREFER_DUAL_STACK: &str = "PreferDualStack";
/// The policy of both IP families or none.
pub const REQUIRE_DUAL_STACK: &str = "RequireDualStack";

/// The external traffic policy that keeps traffic on the node it came to.
pub const LOCAL: &str = "Local";

/// The spec of a Service.
pub fn decode(object: &Value) -> Result<ServiceSpec> {
    let Some(spec) = object.get("spec") else { return Ok(ServiceSpec::default()) };
    ServiceSpec::deserialize(spec).map_err(|error| undecodable(object, &error))
}

/// The error about a Service whose spec does not decode.
pub fn undecodable(object: &Value, error: &serde_json::Error) -> Box<Status> {
    let name = meta::name(object);
    Status::internal(format!("the spec of Service {name:?} does not decode: {error}"))
}

/// Puts a spec back into its Service.
pub fn replace(object: &mut Value, spec: &ServiceSpec) {
    let spec = serde_json::to_value(spec).expect("a spec has only text keys");
    meta::members_mut(object).insert("spec".to_owned(), spec);
}

/// `spec.type`.
pub fn kind_of(object: &Value) -> &str {
    meta::text(object, &["spec", "type"])
}

/// The value of an annotation.
pub fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    meta::at(object, &["metadata", "annotations", key]).and_then(Value::as_str)
}

/// `None` instead of an empty list.
pub fn list(items: Vec<String>) -> Option<Vec<String>> {
    (!items.is_empty()).then_some(items)
}

/// Questions about a spec.
pub trait SpecView {
    /// `type`.
    fn kind(&self) -> &str;
    /// `clusterIP`.
    fn ip(&self) -> &str;
    /// `clusterIPs`.
    fn ips(&self) -> &[String];
    /// `ipFamilies`.
    fn families(&self) -> &[String];
    /// `ipFamilyPolicy`.
    fn policy(&self) -> &str;
    /// `ports`.
    fn port_list(&self) -> &[ServicePort];
    /// `externalIPs`.
    fn outside_ips(&self) -> &[String];
    /// `healthCheckNodePort`.
    fn health_check_port(&self) -> i32;

    /// Whether the Service has neither an address nor a proxy.
    fn is_headless(&self) -> bool {
        self.ips() == [NONE]
    }

    /// Whether the Service is an alias.
    fn is_external_name(&self) -> bool {
        self.kind() == EXTERNAL_NAME
    }

    /// Whether the type has node ports.
    fn has_node_ports(&self) -> bool {
        matches!(self.kind(), NODE_PORT | LOAD_BALANCER)
    }

    /// Whether the type has a cluster IP, `None` included.
    fn has_cluster_ip(&self) -> bool {
        matches!(self.kind(), CLUSTER_IP | NODE_PORT | LOAD_BALANCER)
    }

    /// The numbers of the node ports in use, health check aside.
    fn node_ports(&self) -> Vec<i32> {
        self.port_list().iter().filter_map(|port| port.node_port).filter(|number| *number != 0).collect()
    }

    /// Whether no pods are selected, so that someone else keeps the endpoints.
    fn is_selectorless(&self) -> bool;
    /// Whether traffic comes in from outside the cluster.
    fn is_externally_accessible(&self) -> bool;
    /// Whether load balancers probe a node port of its own.
    fn needs_health_check(&self) -> bool;
    /// Whether ports without a node port get one.
    fn allocates_node_ports(&self) -> bool;
}

impl SpecView for ServiceSpec {
    fn kind(&self) -> &str {
        self.type_.as_deref().unwrap_or_default()
    }

    fn ip(&self) -> &str {
        self.cluster_ip.as_deref().unwrap_or_default()
    }

    fn ips(&self) -> &[String] {
        self.cluster_ips.as_deref().unwrap_or_default()
    }

    fn families(&self) -> &[String] {
        self.ip_families.as_deref().unwrap_or_default()
    }

    fn policy(&self) -> &str {
        self.ip_family_policy.as_deref().unwrap_or_default()
    }

    fn port_list(&self) -> &[ServicePort] {
        self.ports.as_deref().unwrap_or_default()
    }

    fn outside_ips(&self) -> &[String] {
        self.external_ips.as_deref().unwrap_or_default()
    }

    fn health_check_port(&self) -> i32 {
        self.health_check_node_port.unwrap_or_default()
    }

    fn is_selectorless(&self) -> bool {
        self.selector.as_ref().is_none_or(|selector| selector.is_empty())
    }

    fn is_externally_accessible(&self) -> bool {
        self.has_node_ports() || (self.kind() == CLUSTER_IP && !self.outside_ips().is_empty())
    }

    fn needs_health_check(&self) -> bool {
        self.kind() == LOAD_BALANCER && self.external_traffic_policy.as_deref() == Some(LOCAL)
    }

    fn allocates_node_ports(&self) -> bool {
        match self.kind() {
            NODE_PORT => true,
            LOAD_BALANCER => self.allocate_load_balancer_node_ports.unwrap_or(true),
            _ => false,
        }
    }
}
