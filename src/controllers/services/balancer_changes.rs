//! Which changes of a Service its load balancer has to follow, and what people are told of them. Pure.

use k8s_openapi::api::core::v1::ServiceSpec;

use crate::world::{node_view::NodeView, service_view::ServiceView};

/// The label of nodes that no load balancer leads to.
const EXCLUDED: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// A change that a load balancer has to follow.
#[derive(Debug, PartialEq)]
pub struct Update {
    /// The reason and the message of the event that tells of it, if one does.
    pub note: Option<(&'static str, String)>,
}

/// What a load balancer has to follow between two states of a Service; `wants` says whether a Service wants one of us.
pub fn update(
    old: &ServiceView<'_>,
    new: &ServiceView<'_>,
    wants: impl Fn(&ServiceView<'_>) -> bool,
) -> Option<Update> {
    let told = |reason, message| Some(Update { note: Some((reason, message)) });
    let moved = |text: fn(&ServiceSpec) -> &Option<String>| {
        let shown = |spec| text(spec).clone().unwrap_or_default();
        format!("{} -> {}", shown(&old.spec), shown(&new.spec))
    };
    match (wants(old), wants(new)) {
        (false, false) => return None,
        (true, true) => {}
        _ => return told("Type", moved(|spec| &spec.type_)),
    }
    let (before, now) = (&old.spec, &new.spec);
    if before.load_balancer_source_ranges != now.load_balancer_source_ranges {
        let ranges = |spec: &ServiceSpec| format!("[{}]", list(&spec.load_balancer_source_ranges).join(" "));
        return told("LoadBalancerSourceRanges", format!("{} -> {}", ranges(before), ranges(now)));
    }
    if before.ports != now.ports
        || before.session_affinity != now.session_affinity
        || before.session_affinity_config != now.session_affinity_config
    {
        return Some(Update { note: None });
    }
    if before.load_balancer_ip != now.load_balancer_ip {
        return told("LoadbalancerIP", moved(|spec| &spec.load_balancer_ip));
    }
    let (addresses, new_addresses) = (list(&before.external_ips), list(&now.external_ips));
    if addresses.len() != new_addresses.len() {
        return told("ExternalIP", counted(addresses, new_addresses));
    }
    if let Some((_, added)) = addresses.iter().zip(new_addresses).find(|(before, now)| before != now) {
        return told("ExternalIP", format!("Added: {added}"));
    }
    if old.metadata.annotations != new.metadata.annotations {
        return Some(Update { note: None });
    }
    if old.metadata.uid != new.metadata.uid {
        return told("UID", format!("{} -> {}", old.metadata.uid, new.metadata.uid));
    }
    if before.external_traffic_policy != now.external_traffic_policy {
        return told("ExternalTrafficPolicy", moved(|spec| &spec.external_traffic_policy));
    }
    if before.health_check_node_port != now.health_check_node_port {
        let port = |spec: &ServiceSpec| spec.health_check_node_port.unwrap_or_default();
        return told("HealthCheckNodePort", format!("{} -> {}", port(before), port(now)));
    }
    if old.families().len() != new.families().len() {
        return told("IPFamilies", counted(old.families(), new.families()));
    }
    None
}

/// Whether load balancers lead to this node.
pub fn is_host(node: &NodeView) -> bool {
    !node.labels.contains_key(EXCLUDED) && !node.is_deleting
}

fn counted(old: &[String], new: &[String]) -> String {
    format!("Count: {} -> {}", old.len(), new.len())
}

fn list(member: &Option<Vec<String>>) -> &[String] {
    member.as_deref().unwrap_or_default()
}
