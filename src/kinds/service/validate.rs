//! What a Service must look like, in the order in which kube-apiserver complains.

use std::collections::HashSet;

use k8s_openapi::{
    api::core::v1::{ServicePort, ServiceSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};
use serde_json::{Value, json};

use super::view::{
    CLUSTER_IP, EXTERNAL_NAME, LOAD_BALANCER, NODE_PORT, NONE, PREFER_DUAL_STACK, REQUIRE_DUAL_STACK, SINGLE_STACK,
    SpecView, annotation, kind_of,
};
use crate::kinds::{Family, rules::ip};
use crate::object::{FieldError, FieldErrors, Path, meta, names};

/// The old annotation that asks for topology-aware routing.
pub const TOPOLOGY_HINTS: &str = "service.kubernetes.io/topology-aware-hints";
const TOPOLOGY_MODE: &str = "service.kubernetes.io/topology-mode";
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

const PORT_RANGE: &str = "must be between 1 and 65535, inclusive";
const ONLY_LOAD_BALANCER: &str = "may only be used when `type` is 'LoadBalancer'";
const NOT_FOR_ALIASES: &str = "may not be set for ExternalName services";

/// A Service before an update: old values are tolerated where the rules have become stricter.
pub struct Old<'a> {
    /// The object.
    pub object: &'a Value,
    /// Its spec.
    pub spec: &'a ServiceSpec,
}

/// Checks everything but metadata.
pub fn service(object: &Value, spec: &ServiceSpec, old: Option<&Old>) -> FieldErrors {
    let mut errors = annotations(object);
    errors.extend(by_type(spec));
    errors.extend(ports(spec));
    errors.extend(selector(spec));
    errors.extend(affinity(spec));
    errors.extend(addresses(spec, old.map(|old| old.spec)));
    errors.extend(outside_ips(spec, old.map(|old| old.spec)));
    let types = [CLUSTER_IP, EXTERNAL_NAME, LOAD_BALANCER, NODE_PORT];
    errors.extend(one_of(&at("type"), spec.type_.as_deref(), &types));
    errors.extend(duplicate_ports(spec));
    errors.extend(source_ranges(object, spec, old));
    let allocates = spec.allocate_load_balancer_node_ports;
    match (spec.kind() == LOAD_BALANCER, allocates) {
        (true, None) => errors.push(FieldError::required(&Path::new("allocateLoadBalancerNodePorts"), "")),
        (false, Some(_)) => {
            errors.push(FieldError::forbidden(&at("allocateLoadBalancerNodePorts"), ONLY_LOAD_BALANCER));
        }
        _ => {}
    }
    errors.extend(load_balancer_class(spec));
    errors.extend(traffic_policies(spec));
    errors
}

/// Checks `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy` against each other.
pub fn addresses(spec: &ServiceSpec, old: Option<&ServiceSpec>) -> FieldErrors {
    if spec.is_external_name() {
        return FieldErrors::new();
    }
    let path = at("clusterIPs");
    let list = || Value::from(spec.ips().to_vec());
    let mut errors = FieldErrors::new();
    match (spec.ip(), spec.ips()) {
        ("", []) => {}
        ("", _) => errors.push(FieldError::invalid(&path, list(), "must be empty when `clusterIP` is not specified")),
        (_, []) => errors.push(FieldError::required(&path, "")),
        (ip, [first, ..]) if ip != first => {
            errors.push(FieldError::invalid(&path, list(), "first value must match `clusterIP`"));
        }
        _ => {}
    }
    errors.extend(families(spec));
    let mut malformed = false;
    for (i, address) in spec.ips().iter().enumerate() {
        let found = if i == 0 && address == NONE {
            let alone = spec.ips().len() == 1;
            let mixed = || FieldError::invalid(&path, list(), "'None' must be the first and only value");
            if alone { Vec::new() } else { vec![mixed()] }
        } else if old.is_some_and(|old| old.ips().contains(address)) {
            Vec::new()
        } else {
            ip::legacy(&path.index(i), address)
        };
        malformed |= !found.is_empty();
        errors.extend(found);
    }
    if spec.ips().len() > 2 {
        errors.push(FieldError::invalid(&path, list(), "may only hold up to 2 values"));
    }
    if !malformed {
        errors.extend(address_families(spec));
    }
    errors
}

/// Checks `loadBalancerClass` by itself.
pub fn load_balancer_class(spec: &ServiceSpec) -> FieldErrors {
    let path = at("loadBalancerClass");
    match spec.load_balancer_class.as_deref() {
        Some(class) if spec.kind() == LOAD_BALANCER => invalid_each(&path, class.into(), names::qualified_name(class)),
        Some(_) => vec![FieldError::forbidden(&path, ONLY_LOAD_BALANCER)],
        None => FieldErrors::new(),
    }
}

/// Checks the status of a Service.
pub fn status(object: &Value, old: &Value) -> FieldErrors {
    const INGRESS: &[&str] = &["status", "loadBalancer", "ingress"];
    let path = Path::new("status").child("loadBalancer").child("ingress");
    let entries = meta::items(object, INGRESS);
    if kind_of(object) != LOAD_BALANCER {
        let detail = "may only be used when `spec.type` is 'LoadBalancer'";
        return if entries.is_empty() { Vec::new() } else { vec![FieldError::forbidden(&path, detail)] };
    }
    let before: HashSet<_> = meta::items(old, INGRESS).iter().map(|entry| meta::text(entry, &["ip"])).collect();
    let mut errors = FieldErrors::new();
    for (i, entry) in entries.iter().enumerate() {
        let path = path.index(i);
        let (address, hostname) = (meta::text(entry, &["ip"]), meta::text(entry, &["hostname"]));
        if !address.is_empty() && !before.contains(address) {
            errors.extend(ip::legacy(&path.child("ip"), address));
        }
        let mode_path = path.child("ipMode");
        match entry.get("ipMode").and_then(Value::as_str) {
            None if address.is_empty() => {}
            None => errors.push(FieldError::required(&mode_path, "must be specified when `ip` is set")),
            Some(_) if address.is_empty() => {
                errors.push(FieldError::forbidden(&mode_path, "may not be specified when `ip` is not set"));
            }
            Some(mode) => errors.extend(supported(&mode_path, mode, &["Proxy", "VIP"])),
        }
        if !hostname.is_empty() {
            let path = path.child("hostname");
            errors.extend(invalid_each(&path, hostname.into(), names::dns1123_subdomain(hostname)));
            if ip::parse(hostname).is_some() {
                errors.push(FieldError::invalid(&path, hostname, "must be a DNS name, not an IP address"));
            }
        }
    }
    errors
}

fn annotations(object: &Value) -> FieldErrors {
    match (annotation(object, TOPOLOGY_HINTS), annotation(object, TOPOLOGY_MODE)) {
        (Some(hints), Some(mode)) if hints != mode => {
            let path = Path::new("metadata").child("annotations").key(TOPOLOGY_MODE);
            let detail = format!("must match annotations[{TOPOLOGY_HINTS}] when both are specified");
            vec![FieldError::invalid(&path, mode, &detail)]
        }
        _ => FieldErrors::new(),
    }
}

fn by_type(spec: &ServiceSpec) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if spec.port_list().is_empty() && !spec.is_headless() && !spec.is_external_name() {
        errors.push(FieldError::required(&at("ports"), ""));
    }
    match spec.kind() {
        kind @ (LOAD_BALANCER | NODE_PORT) if spec.is_headless() => {
            let detail = format!("may not be set to 'None' for {kind} services");
            errors.push(FieldError::invalid(&at("clusterIPs").index(0), NONE, &detail));
        }
        EXTERNAL_NAME => {
            let set = [
                ("clusterIPs", !spec.ips().is_empty()),
                ("ipFamilies", !spec.families().is_empty()),
                ("ipFamilyPolicy", spec.ip_family_policy.is_some()),
            ];
            let forbidden = set.iter().filter(|(_, is_set)| *is_set);
            errors.extend(forbidden.map(|(field, _)| FieldError::forbidden(&at(field), NOT_FOR_ALIASES)));
            errors.extend(external_name(spec.external_name.as_deref().unwrap_or_default()));
        }
        _ => {}
    }
    errors
}

fn external_name(name: &str) -> FieldErrors {
    let path = at("externalName");
    // The DNS root may be spelled out.
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.is_empty() {
        return vec![FieldError::required(&path, "")];
    }
    invalid_each(&path, name.into(), names::dns1123_subdomain(name))
}

fn ports(spec: &ServiceSpec) -> FieldErrors {
    let mut seen = HashSet::new();
    let mut errors = FieldErrors::new();
    let several = spec.port_list().len() > 1;
    for (i, port) in spec.port_list().iter().enumerate() {
        let path = at("ports").index(i);
        let name = port.name.as_deref().unwrap_or_default();
        let name_path = path.child("name");
        if !name.is_empty() {
            errors.extend(invalid_each(&name_path, name.into(), names::dns1123_label(name)));
            if !seen.insert(name) {
                errors.push(FieldError::duplicate(&name_path, name));
            }
        } else if several {
            errors.push(FieldError::required(&name_path, ""));
        }
        errors.extend(number(&path.child("port"), port.port));
        errors.extend(one_of(&path.child("protocol"), port.protocol.as_deref(), &["SCTP", "TCP", "UDP"]));
        errors.extend(target(&path.child("targetPort"), port));
        if let Some(protocol) = &port.app_protocol {
            let path = path.child("appProtocol");
            errors.extend(invalid_each(&path, protocol.as_str().into(), names::qualified_name(protocol)));
        }
    }
    errors
}

fn target(path: &Path, port: &ServicePort) -> FieldErrors {
    match &port.target_port {
        Some(IntOrString::String(name)) => invalid_each(path, name.as_str().into(), names::port_name(name)),
        Some(IntOrString::Int(target)) => number(path, *target),
        None => number(path, 0),
    }
}

fn selector(spec: &ServiceSpec) -> FieldErrors {
    let path = at("selector");
    let mut errors = FieldErrors::new();
    for (key, value) in spec.selector.iter().flatten() {
        errors.extend(invalid_each(&path, key.as_str().into(), names::qualified_name(key)));
        errors.extend(invalid_each(&path, value.as_str().into(), names::label_value(value)));
    }
    errors
}

fn affinity(spec: &ServiceSpec) -> FieldErrors {
    let mut errors = one_of(&at("sessionAffinity"), spec.session_affinity.as_deref(), &["ClientIP", "None"]);
    let path = at("sessionAffinityConfig");
    let config = spec.session_affinity_config.as_ref();
    match spec.session_affinity.as_deref() {
        Some("ClientIP") => {
            let detail = "when session affinity type is ClientIP";
            let client_ip = config.and_then(|config| config.client_ip.as_ref());
            let seconds_path = path.child("clientIP").child("timeoutSeconds");
            match (config, client_ip, client_ip.and_then(|client_ip| client_ip.timeout_seconds)) {
                (None, ..) => errors.push(FieldError::required(&path, detail)),
                (_, None, _) => errors.push(FieldError::required(&path.child("clientIP"), detail)),
                (.., None) => errors.push(FieldError::required(&seconds_path, detail)),
                (.., Some(1..=86_400)) => {}
                (.., Some(seconds)) => {
                    let detail = "must be greater than 0 and less than 86400";
                    errors.push(FieldError::invalid(&seconds_path, seconds, detail));
                }
            }
        }
        Some("None") if config.is_some() => {
            errors.push(FieldError::forbidden(&path, "must not be set when session affinity is None"));
        }
        _ => {}
    }
    errors
}

fn families(spec: &ServiceSpec) -> FieldErrors {
    let path = at("ipFamilies");
    let mut seen = HashSet::new();
    let mut errors = FieldErrors::new();
    for (i, family) in spec.families().iter().enumerate() {
        errors.extend(supported(&path.index(i), family, &[Family::V4.name(), Family::V6.name()]));
        if !seen.insert(family) {
            errors.push(FieldError::duplicate(&path.index(i), family.as_str()));
        }
    }
    if let Some(policy) = spec.ip_family_policy.as_deref() {
        let policies = [PREFER_DUAL_STACK, REQUIRE_DUAL_STACK, SINGLE_STACK];
        errors.extend(supported(&at("ipFamilyPolicy"), policy, &policies));
    }
    errors
}

fn address_families(spec: &ServiceSpec) -> FieldErrors {
    let path = at("clusterIPs");
    let actual: Vec<_> = spec.ips().iter().map(|address| ip::family(address)).collect();
    let mut errors = FieldErrors::new();
    let has = |family| actual.contains(&Some(family));
    if actual.len() > 1 && !(has(Family::V4) && has(Family::V6)) {
        let detail = "may specify no more than one IP for each IP family";
        errors.push(FieldError::invalid(&path, spec.ips().to_vec(), detail));
    }
    for (i, (family, actual)) in spec.families().iter().zip(actual).enumerate() {
        let expected = [Family::V4, Family::V6].into_iter().find(|candidate| candidate.name() == family);
        if let (Some(expected), Some(actual)) = (expected, actual)
            && expected != actual
        {
            let detail = format!("expected an {family} value as indicated by `ipFamilies[{i}]`");
            errors.push(FieldError::invalid(&path.index(i), spec.ips()[i].as_str(), &detail));
        }
    }
    errors
}

fn outside_ips(spec: &ServiceSpec, old: Option<&ServiceSpec>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let before: HashSet<_> = old.into_iter().flat_map(SpecView::outside_ips).collect();
    for (i, address) in spec.outside_ips().iter().enumerate() {
        let path = at("externalIPs").index(i);
        let malformed = if before.contains(address) { Vec::new() } else { ip::legacy(&path, address) };
        errors.extend(if malformed.is_empty() { ip::endpoint(&path, address) } else { malformed });
    }
    errors
}

fn duplicate_ports(spec: &ServiceSpec) -> FieldErrors {
    let path = at("ports");
    let mut errors = FieldErrors::new();
    let (mut node_ports, mut numbers) = (HashSet::new(), HashSet::new());
    for (i, port) in spec.port_list().iter().enumerate() {
        let node_port = port.node_port.unwrap_or_default();
        if spec.kind() == CLUSTER_IP && node_port != 0 {
            let detail = "may not be used when `type` is 'ClusterIP'";
            errors.push(FieldError::forbidden(&path.index(i).child("nodePort"), detail));
        }
    }
    for (i, port) in spec.port_list().iter().enumerate() {
        let node_port = port.node_port.unwrap_or_default();
        if node_port != 0 && !node_ports.insert((&port.protocol, node_port)) {
            errors.push(FieldError::duplicate(&path.index(i).child("nodePort"), node_port));
        }
    }
    for (i, port) in spec.port_list().iter().enumerate() {
        if !numbers.insert((&port.protocol, port.port)) {
            let shown = json!({
                "Name": "", "Protocol": port.protocol, "AppProtocol": null, "Port": port.port, "TargetPort": 0,
                "NodePort": 0,
            });
            errors.push(FieldError::duplicate(&path.index(i), shown));
        }
    }
    errors
}

fn source_ranges(object: &Value, spec: &ServiceSpec, old: Option<&Old>) -> FieldErrors {
    let ranges = spec.load_balancer_source_ranges.as_deref().unwrap_or_default();
    let mut errors = FieldErrors::new();
    if !ranges.is_empty() {
        let path = at("LoadBalancerSourceRanges");
        if spec.kind() != LOAD_BALANCER {
            errors.push(FieldError::forbidden(&path, ONLY_LOAD_BALANCER));
        }
        let before = old.and_then(|old| old.spec.load_balancer_source_ranges.as_deref()).unwrap_or_default();
        let before: HashSet<_> = before.iter().map(|range| range.trim()).collect();
        for (i, range) in ranges.iter().enumerate().map(|(i, range)| (i, range.trim())) {
            if !before.contains(range) {
                errors.extend(ip::legacy_cidr(&path.index(i), range));
            }
        }
        return errors;
    }
    let Some(text) = annotation(object, SOURCE_RANGES) else {
        return errors;
    };
    let path = Path::new("metadata").child("annotations").key(SOURCE_RANGES);
    if spec.kind() != LOAD_BALANCER {
        errors.push(FieldError::forbidden(&path, ONLY_LOAD_BALANCER));
    }
    let unchanged = old.is_some_and(|old| annotation(old.object, SOURCE_RANGES) == Some(text));
    if !unchanged && !text.trim().is_empty() {
        errors.extend(text.split(',').flat_map(|range| ip::legacy_cidr(&path, range.trim())));
    }
    errors
}

fn traffic_policies(spec: &ServiceSpec) -> FieldErrors {
    let policies = ["Cluster", "Local"];
    let outside = spec.external_traffic_policy.as_deref().filter(|policy| !policy.is_empty());
    let path = at("externalTrafficPolicy");
    let mut errors = match outside {
        _ if spec.is_externally_accessible() => one_of(&path, outside, &policies),
        Some(policy) => {
            vec![FieldError::invalid(&path, policy, "may only be set for externally-accessible services")]
        }
        None => FieldErrors::new(),
    };
    let (path, check) = (at("healthCheckNodePort"), spec.health_check_port());
    match (spec.needs_health_check(), check) {
        (true, 0) => errors.push(FieldError::required(&path, "")),
        (true, _) => errors.extend(number(&path, check)),
        (false, 0) => {}
        (false, _) => {
            let detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
            errors.push(FieldError::invalid(&path, check, detail));
        }
    }
    let path = at("internalTrafficPolicy");
    match spec.internal_traffic_policy.as_deref() {
        None if spec.has_cluster_ip() => errors.push(FieldError::required(&path, "")),
        None => {}
        Some(policy) => errors.extend(supported(&path, policy, &policies)),
    }
    if let Some(preference) = spec.traffic_distribution.as_deref() {
        let known = ["PreferClose", "PreferSameZone", "PreferSameNode"];
        errors.extend(supported(&at("trafficDistribution"), preference, &known));
    }
    errors
}

fn at(field: &str) -> Path {
    Path::new("spec").child(field)
}

fn number(path: &Path, value: i32) -> FieldErrors {
    if (1..=65_535).contains(&value) { Vec::new() } else { vec![FieldError::invalid(path, value, PORT_RANGE)] }
}

/// Required, and one of these.
fn one_of(path: &Path, value: Option<&str>, allowed: &[&str]) -> FieldErrors {
    match value.unwrap_or_default() {
        "" => vec![FieldError::required(path, "")],
        value => supported(path, value, allowed),
    }
}

fn supported(path: &Path, value: &str, allowed: &[&str]) -> FieldErrors {
    if allowed.contains(&value) { Vec::new() } else { vec![FieldError::not_supported(path, value, allowed)] }
}

fn invalid_each(path: &Path, value: Value, reasons: Vec<String>) -> FieldErrors {
    reasons.iter().map(|reason| FieldError::invalid(path, value.clone(), reason)).collect()
}
