//! What an update means where the client left it open: values kept from before, and fields that no longer apply.

use std::collections::{HashMap, HashSet};

use k8s_openapi::api::core::v1::ServiceSpec;

use super::view::{LOAD_BALANCER, SpecView, list};

/// Keeps what was allocated before if the client did not mention it, so that a manifest can be applied again.
pub fn keep_allocated(new: &mut ServiceSpec, old: &ServiceSpec) {
    if !old.is_external_name() && !new.is_external_name() {
        if new.ip().is_empty() {
            new.cluster_ip.clone_from(&old.cluster_ip);
        }
        if new.ips().is_empty() {
            new.cluster_ips.clone_from(&old.cluster_ips);
        }
    }
    if old.allocates_node_ports() && new.allocates_node_ports() {
        keep_node_ports(new, old);
    }
    if old.needs_health_check() && new.needs_health_check() && new.health_check_port() == 0 {
        new.health_check_node_port = old.health_check_node_port;
    }
}

/// Makes `clusterIPs` agree with `clusterIP` where the client changed or gave only the latter.
pub fn agree_on_ips(new: &mut ServiceSpec, old: Option<&ServiceSpec>) {
    let Some(old) = old else {
        if !new.ip().is_empty() && new.ips().is_empty() {
            new.cluster_ips = Some(vec![new.ip().to_owned()]);
        }
        return;
    };
    if new.ips().is_empty() && new.ip() == old.ip() {
        new.cluster_ips.clone_from(&old.cluster_ips);
    }
    if new.ip() != old.ip() && new.ips() == old.ips() {
        let only = if new.ip().is_empty() { Vec::new() } else { vec![new.ip().to_owned()] };
        new.cluster_ips = list(only);
    }
}

/// Clears fields that the new type has no use for, unless the client changed them too.
pub fn drop_unused(new: &mut ServiceSpec, old: &ServiceSpec) {
    if !old.is_external_name() && new.is_external_name() {
        if new.ip() == old.ip() && new.ips() == old.ips() {
            new.cluster_ip = None;
            new.cluster_ips = None;
        }
        if new.families() == old.families() {
            new.ip_families = None;
        }
        if new.ip_family_policy == old.ip_family_policy {
            new.ip_family_policy = None;
        }
    }
    if old.has_node_ports() && !new.has_node_ports() {
        let before: HashSet<_> = old.node_ports().into_iter().collect();
        if new.node_ports().iter().all(|number| before.contains(number)) {
            new.ports.iter_mut().flatten().for_each(|port| port.node_port = None);
        }
    }
    if old.needs_health_check() && !new.needs_health_check() && new.health_check_port() == old.health_check_port() {
        new.health_check_node_port = None;
    }
    if old.kind() == LOAD_BALANCER && new.kind() != LOAD_BALANCER {
        if new.allocate_load_balancer_node_ports == old.allocate_load_balancer_node_ports {
            new.allocate_load_balancer_node_ports = None;
        }
        if new.load_balancer_class == old.load_balancer_class {
            new.load_balancer_class = None;
        }
    }
    if old.is_externally_accessible()
        && !new.is_externally_accessible()
        && new.external_traffic_policy == old.external_traffic_policy
    {
        new.external_traffic_policy = None;
    }
}

/// Ports keep their node port by name, whatever else changed about them, unless another port took the number.
fn keep_node_ports(new: &mut ServiceSpec, old: &ServiceSpec) {
    let before: HashSet<_> = old.node_ports().into_iter().collect();
    let used: HashSet<_> = new.node_ports().into_iter().filter(|number| before.contains(number)).collect();
    let by_name: HashMap<_, _> =
        old.port_list().iter().map(|port| (port.name.as_deref(), port.node_port.unwrap_or_default())).collect();
    for port in new.ports.iter_mut().flatten() {
        let kept = by_name.get(&port.name.as_deref()).copied().unwrap_or_default();
        if port.node_port.unwrap_or_default() == 0 && kept != 0 && !used.contains(&kept) {
            port.node_port = Some(kept);
        }
    }
}
