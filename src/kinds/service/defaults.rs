//! What a decoder fills into every Service it reads.

use serde_json::{Map, Value, json};

use super::view::{CLUSTER_IP, LOAD_BALANCER, NODE_PORT, kind_of};
use crate::object::meta;

/// How long a client sticks to a pod unless said otherwise: three hours.
const AFFINITY_SECONDS: i32 = 10_800;

/// Fills in spec and status.
pub fn fill(object: &mut Value) {
    fill_spec(meta::map_mut(object, "spec"));
    if kind_of(object) == LOAD_BALANCER {
        fill_status(object);
    }
}

fn fill_spec(spec: &mut Map<String, Value>) {
    fill_affinity(spec);
    fill_empty(spec, "type", CLUSTER_IP);
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(port) = port.as_object_mut() {
            fill_port(port);
        }
    }
    let kind = spec.get("type").and_then(Value::as_str).unwrap_or_default();
    let is_balancer = kind == LOAD_BALANCER;
    let has_address = matches!(kind, CLUSTER_IP | NODE_PORT | LOAD_BALANCER);
    let has_outside_ips = spec.get("externalIPs").and_then(Value::as_array).is_some_and(|ips| !ips.is_empty());
    if matches!(kind, NODE_PORT | LOAD_BALANCER) || (kind == CLUSTER_IP && has_outside_ips) {
        fill_empty(spec, "externalTrafficPolicy", "Cluster");
    }
    if has_address {
        fill_absent(spec, "internalTrafficPolicy", "Cluster");
    }
    if is_balancer {
        fill_absent(spec, "allocateLoadBalancerNodePorts", true);
    }
}

fn fill_affinity(spec: &mut Map<String, Value>) {
    fill_empty(spec, "sessionAffinity", "None");
    match spec.get("sessionAffinity").and_then(Value::as_str) {
        Some("None") => {
            spec.shift_remove("sessionAffinityConfig");
        }
        Some("ClientIP") => {
            let seconds =
                spec.get("sessionAffinityConfig").and_then(|config| config.pointer("/clientIP/timeoutSeconds"));
            if seconds.is_none_or(Value::is_null) {
                let config = json!({"clientIP": {"timeoutSeconds": AFFINITY_SECONDS}});
                spec.insert("sessionAffinityConfig".into(), config);
            }
        }
        _ => {}
    }
}

fn fill_port(port: &mut Map<String, Value>) {
    fill_empty(port, "protocol", "TCP");
    let is_unset = match port.get("targetPort") {
        None | Some(Value::Null) => true,
        Some(Value::String(name)) => name.is_empty(),
        Some(number) => number.as_i64() == Some(0),
    };
    if is_unset && let Some(number) = port.get("port").cloned() {
        port.insert("targetPort".into(), number);
    }
}

/// The addresses of a load balancer are virtual IPs unless said otherwise.
fn fill_status(object: &mut Value) {
    let ingress = object.pointer_mut("/status/loadBalancer/ingress").and_then(Value::as_array_mut);
    for entry in ingress.into_iter().flatten() {
        let has_ip = entry.get("ip").and_then(Value::as_str).is_some_and(|ip| !ip.is_empty());
        if let Some(members) = entry.as_object_mut().filter(|_| has_ip) {
            members.entry("ipMode").or_insert_with(|| "VIP".into());
        }
    }
}

/// Sets a text that is absent or empty.
fn fill_empty(members: &mut Map<String, Value>, name: &str, value: &str) {
    if members.get(name).and_then(Value::as_str).unwrap_or_default().is_empty() {
        members.insert(name.to_owned(), value.into());
    }
}

/// Sets a member that is absent.
fn fill_absent(members: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    if members.get(name).is_none_or(Value::is_null) {
        members.insert(name.to_owned(), value.into());
    }
}
