//! What a decoder fills into every Service it reads.

use k8s_openapi::{
    api::core::v1::{ClientIPConfig, ServiceSpec, SessionAffinityConfig},
    apimachinery::pkg::util::intstr::IntOrString,
};
use serde_json::Value;

use super::view::{CLUSTER_IP, LOAD_BALANCER, SpecView};

/// How long a client sticks to a pod unless said otherwise: three hours.
const AFFINITY_SECONDS: i32 = 10_800;

/// Fills in the spec.
pub fn fill(spec: &mut ServiceSpec) {
    fill_empty(&mut spec.session_affinity, "None");
    match spec.session_affinity.as_deref() {
        Some("None") => spec.session_affinity_config = None,
        Some("ClientIP") if timeout(spec).is_none() => {
            let client_ip = Some(ClientIPConfig { timeout_seconds: Some(AFFINITY_SECONDS) });
            spec.session_affinity_config = Some(SessionAffinityConfig { client_ip });
        }
        _ => {}
    }
    fill_empty(&mut spec.type_, CLUSTER_IP);
    for port in spec.ports.iter_mut().flatten() {
        fill_empty(&mut port.protocol, "TCP");
        let unset = match &port.target_port {
            None | Some(IntOrString::Int(0)) => true,
            Some(IntOrString::String(name)) => name.is_empty(),
            Some(IntOrString::Int(_)) => false,
        };
        if unset {
            port.target_port = Some(IntOrString::Int(port.port));
        }
    }
    if spec.is_externally_accessible() {
        fill_empty(&mut spec.external_traffic_policy, "Cluster");
    }
    if spec.has_cluster_ip() && spec.internal_traffic_policy.is_none() {
        spec.internal_traffic_policy = Some("Cluster".to_owned());
    }
    if spec.kind() == LOAD_BALANCER && spec.allocate_load_balancer_node_ports.is_none() {
        spec.allocate_load_balancer_node_ports = Some(true);
    }
}

/// Fills in the status: the addresses of a load balancer are virtual IPs unless said otherwise.
pub fn fill_status(object: &mut Value) {
    let ingress = object.pointer_mut("/status/loadBalancer/ingress").and_then(Value::as_array_mut);
    for entry in ingress.into_iter().flatten() {
        let has_ip = entry.get("ip").and_then(Value::as_str).is_some_and(|ip| !ip.is_empty());
        if let Some(members) = entry.as_object_mut().filter(|_| has_ip) {
            members.entry("ipMode").or_insert_with(|| "VIP".into());
        }
    }
}

fn fill_empty(field: &mut Option<String>, value: &str) {
    if field.as_deref().unwrap_or_default().is_empty() {
        *field = Some(value.to_owned());
    }
}

fn timeout(spec: &ServiceSpec) -> Option<i32> {
    spec.session_affinity_config.as_ref()?.client_ip.as_ref()?.timeout_seconds
}
