//! Which simulated nodes can take a pod. Pure.

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::api::core::v1::{Taint, Toleration};

use super::{options, simulated_pod::SimulatedPod};
use crate::world::node_view::NodeView;

/// The nodes that can take the pod, or why none can, in the words of the default scheduler.
pub fn candidates<'a>(pod: &SimulatedPod<'_>, nodes: &'a [Arc<NodeView>]) -> Result<Vec<&'a NodeView>, String> {
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
pub fn is_schedulable(pod: &SimulatedPod<'_>) -> bool {
    pod.spec.node_name.is_empty()
        && pod.spec.scheduler_name == "default-scheduler"
        && pod.spec.scheduling_gates.is_empty()
        && pod.is_active()
}

fn obstacle(pod: &SimulatedPod<'_>, node: &NodeView) -> Option<String> {
    if node.is_deleting || !node.is_ready {
        return Some("node(s) were not ready".to_owned());
    }
    if node.is_unschedulable {
        return Some("node(s) were unschedulable".to_owned());
    }
    let mut wanted = pod.spec.node_selector.iter();
    if !wanted.all(|(key, value)| node.labels.get(*key).is_some_and(|label| label == value)) {
        return Some("node(s) didn't match Pod's node affinity/selector".to_owned());
    }
    let mut taints = node.taints.iter().filter(|taint| taint.effect != "PreferNoSchedule");
    let untolerated = taints.find(|taint| !pod.spec.tolerations.iter().any(|toleration| tolerates(toleration, taint)));
    untolerated.map(|taint| {
        let (key, value) = (&taint.key, taint.value.as_deref().unwrap_or_default());
        format!("node(s) had untolerated taint {{{key}: {value}}}")
    })
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let text = |member: &'_ Option<String>| member.clone().unwrap_or_default();
    let same = |wanted: &Option<String>, own: &String| wanted.as_ref().is_none_or(|it| it.is_empty() || it == own);
    let exists = toleration.operator.as_deref() == Some("Exists");
    same(&toleration.effect, &taint.effect)
        && same(&toleration.key, &taint.key)
        && (exists || text(&toleration.value) == text(&taint.value))
}
