//! `Warning` headers of Service writes.

use k8s_openapi::api::core::v1::ServiceSpec;
use serde_json::Value;

use super::{
    validate::TOPOLOGY_HINTS,
    view::{CLUSTER_IP, NONE, SpecView, annotation},
};
use crate::kinds::rules::ip;
use crate::object::{Path, meta};

/// Warnings about a Service.
pub fn of(object: &Value, service: &ServiceSpec) -> Vec<String> {
    let spec = Path::new("spec");
    let mut out = Vec::new();
    if annotation(object, TOPOLOGY_HINTS).is_some() {
        out.push(format!(
            "annotation {TOPOLOGY_HINTS} is deprecated, please use service.kubernetes.io/topology-mode instead"
        ));
    }
    if !matches!(service.ip(), "" | NONE) {
        each(&mut out, &spec.child("clusterIPs"), service.ips(), ip::warnings);
    }
    let headless = service.kind() == CLUSTER_IP && service.ip() == NONE;
    let has_outside_ips = !service.outside_ips().is_empty();
    let balancer_ip = service.load_balancer_ip.as_deref().filter(|text| !text.is_empty());
    if headless {
        let ignored = |field: &str| format!("spec.{field} is ignored for headless services");
        out.extend(balancer_ip.map(|_| ignored("loadBalancerIP")));
        out.extend(has_outside_ips.then(|| ignored("externalIPs")));
        out.extend((service.session_affinity.as_deref() != Some("None")).then(|| ignored("SessionAffinity")));
    }
    each(&mut out, &spec.child("externalIPs"), service.outside_ips(), ip::warnings);
    if has_outside_ips && !headless && !service.is_external_name() {
        out.push("spec.externalIPs is deprecated and may no longer be implemented in some clusters".to_owned());
    }
    if let Some(address) = balancer_ip {
        out.extend(ip::warnings(&spec.child("loadBalancerIP"), address));
    }
    let ranges = service.load_balancer_source_ranges.as_deref().unwrap_or_default();
    each(&mut out, &spec.child("loadBalancerSourceRanges"), ranges, ip::cidr_warnings);
    if service.is_external_name() && has_outside_ips {
        out.push(r#"spec.externalIPs is ignored when spec.type is "ExternalName""#.to_owned());
    }
    if !service.is_external_name() && service.external_name.as_deref().is_some_and(|name| !name.is_empty()) {
        out.push(r#"spec.externalName is ignored when spec.type is not "ExternalName""#.to_owned());
    }
    if service.traffic_distribution.as_deref() == Some("PreferClose") {
        out.push(r#"spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone""#.to_owned());
    }
    out
}

/// Warnings about a Service's status.
pub fn of_status(object: &Value) -> Vec<String> {
    let path = Path::new("status").child("loadBalancer").child("ingress");
    let entries = meta::items(object, &["status", "loadBalancer", "ingress"]);
    entries.iter().enumerate().flat_map(|(i, entry)| ip::warnings(&path.index(i), meta::text(entry, &["ip"]))).collect()
}

fn each(out: &mut Vec<String>, path: &Path, values: &[String], check: fn(&Path, &str) -> Vec<String>) {
    for (i, value) in values.iter().enumerate() {
        out.extend(check(&path.index(i), value));
    }
}
