//! Which changes of a Service its load balancer has to follow, and what people are told of them. Pure.

use serde_json::Value;

use crate::object::meta;

/// The label of nodes that no load balancer leads to.
const EXCLUDED: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// A change that a load balancer has to follow.
#[derive(Debug, PartialEq)]
pub struct Update {
    /// The reason and the message of the event that tells of it, if one does.
    pub note: Option<(&'static str, String)>,
}

/// What a load balancer has to follow between two states of a Service; `wants` says whether a Service wants one of us.
pub fn update(old: &Value, new: &Value, wants: impl Fn(&Value) -> bool) -> Option<Update> {
    let told = |reason, message| Some(Update { note: Some((reason, message)) });
    let text = |service: &Value, member: &str| meta::text(service, &["spec", member]).to_owned();
    let moved = |member: &str| format!("{} -> {}", text(old, member), text(new, member));
    let differs = |path: &[&str]| meta::at(old, path) != meta::at(new, path);
    let list = |service: &Value, member: &str| meta::items(service, &["spec", member]).to_vec();
    match (wants(old), wants(new)) {
        (false, false) => return None,
        (true, true) => {}
        _ => return told("Type", moved("type")),
    }
    let counted = |member: &str| format!("Count: {} -> {}", list(old, member).len(), list(new, member).len());
    if differs(&["spec", "loadBalancerSourceRanges"]) {
        let ranges = |service| printed(&list(service, "loadBalancerSourceRanges"));
        return told("LoadBalancerSourceRanges", format!("{} -> {}", ranges(old), ranges(new)));
    }
    if ["ports", "sessionAffinity", "sessionAffinityConfig"].iter().any(|member| differs(&["spec", member])) {
        return Some(Update { note: None });
    }
    if differs(&["spec", "loadBalancerIP"]) {
        return told("LoadbalancerIP", moved("loadBalancerIP"));
    }
    let (before, now) = (list(old, "externalIPs"), list(new, "externalIPs"));
    if before.len() != now.len() {
        return told("ExternalIP", counted("externalIPs"));
    }
    if let Some((_, added)) = before.iter().zip(&now).find(|(before, now)| before != now) {
        return told("ExternalIP", format!("Added: {}", added.as_str().unwrap_or_default()));
    }
    if differs(&["metadata", "annotations"]) {
        return Some(Update { note: None });
    }
    if meta::uid(old) != meta::uid(new) {
        return told("UID", format!("{} -> {}", meta::uid(old), meta::uid(new)));
    }
    if differs(&["spec", "externalTrafficPolicy"]) {
        return told("ExternalTrafficPolicy", moved("externalTrafficPolicy"));
    }
    if differs(&["spec", "healthCheckNodePort"]) {
        let port = |service| meta::at(service, &["spec", "healthCheckNodePort"]).and_then(Value::as_i64).unwrap_or(0);
        return told("HealthCheckNodePort", format!("{} -> {}", port(old), port(new)));
    }
    if list(old, "ipFamilies").len() != list(new, "ipFamilies").len() {
        return told("IPFamilies", counted("ipFamilies"));
    }
    None
}

/// Whether load balancers lead to this node.
pub fn is_host(node: &Value) -> bool {
    let labels = meta::map(node, &["metadata", "labels"]);
    !labels.is_some_and(|labels| labels.contains_key(EXCLUDED)) && !meta::is_deleting(node)
}

/// A list of texts as Go prints it.
fn printed(list: &[Value]) -> String {
    format!("[{}]", list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
}
