//! Which simulated nodes can take a pod. Pure.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::options;
use crate::controllers::workloads::ownership;
use crate::object::meta;

/// The nodes that can take the pod, or why none can, in the words of the default scheduler.
pub fn candidates<'a>(pod: &Value, nodes: &'a [Arc<Value>]) -> Result<Vec<&'a Value>, String> {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut fitting = Vec::new();
    for node in nodes.iter().filter(|node| options::is_simulated(node)) {
        match obstacle(pod, node) {
            None => fitting.push(node.as_ref()),
            Some(reason) => *reasons.entry(reason).or_default() += 1,
        }
    }
    if !fitting.is_empty() {
        return Ok(fitting);
    }
    let reasons: Vec<_> = reasons.into_iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let why = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
    Err(format!("0/{} nodes are available{why}.", nodes.len()))
}

/// Whether the default scheduler would place the pod.
pub fn is_schedulable(pod: &Value) -> bool {
    meta::text(pod, &["spec", "nodeName"]).is_empty()
        && meta::text(pod, &["spec", "schedulerName"]) == "default-scheduler"
        && meta::items(pod, &["spec", "schedulingGates"]).is_empty()
        && ownership::is_active(pod)
}

fn obstacle(pod: &Value, node: &Value) -> Option<String> {
    if meta::is_deleting(node) || !ownership::is_true(node, "Ready") {
        return Some("node(s) were not ready".to_owned());
    }
    if meta::at(node, &["spec", "unschedulable"]) == Some(&Value::Bool(true)) {
        return Some("node(s) were unschedulable".to_owned());
    }
    let labels = meta::map(node, &["metadata", "labels"]);
    let mut wanted = meta::map(pod, &["spec", "nodeSelector"]).into_iter().flatten();
    if !wanted.all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value)) {
        return Some("node(s) didn't match Pod's node affinity/selector".to_owned());
    }
    let taints = meta::items(node, &["spec", "taints"]).iter().filter(|taint| taint["effect"] != "PreferNoSchedule");
    let tolerations = meta::items(pod, &["spec", "tolerations"]);
    taints.into_iter().find(|taint| !tolerations.iter().any(|toleration| tolerates(toleration, taint))).map(|taint| {
        let (key, value) = (meta::text(taint, &["key"]), meta::text(taint, &["value"]));
        format!("node(s) had untolerated taint {{{key}: {value}}}")
    })
}

fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let text = |object: &Value, member: &str| meta::text(object, &[member]).to_owned();
    let same = |member: &str| text(toleration, member).is_empty() || text(toleration, member) == text(taint, member);
    let exists = text(toleration, "operator") == "Exists";
    same("effect") && same("key") && (exists || text(toleration, "value") == text(taint, "value"))
}
