//! What the admission plugins of a default server add to pods: tolerations and priority.

use serde_json::{Value, json};

use crate::kinds::fill;
use crate::object::meta;

/// How long a pod stays on a node that is not ready or unreachable.
const TOLERATION_SECONDS: i64 = 300;

/// Adds default tolerations and the priority.
pub fn admit(pod: &mut Value, old: Option<&Value>) {
    set_priority(pod, old);
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        tolerate(pod, key);
    }
}

fn set_priority(pod: &mut Value, old: Option<&Value>) {
    let spec = meta::map_mut(pod, "spec");
    let Some(old) = old else {
        let priority = match spec.get("priorityClassName").and_then(Value::as_str) {
            Some("system-cluster-critical") => 2_000_000_000,
            Some("system-node-critical") => 2_000_001_000,
            _ => 0,
        };
        fill::null(spec, "priority", priority);
        fill::null(spec, "preemptionPolicy", "PreemptLowerPriority");
        return;
    };
    for member in ["priority", "preemptionPolicy"] {
        if let Some(value) = meta::at(old, &["spec", member]) {
            fill::null(spec, member, value.clone());
        }
    }
}

fn tolerate(pod: &mut Value, key: &str) {
    let spec = meta::map_mut(pod, "spec");
    let list = spec.entry("tolerations").or_insert_with(|| Value::Array(Vec::new()));
    let Value::Array(tolerations) = list else { return };
    let covers = |toleration: &Value| {
        let text = |member: &str| meta::text(toleration, &[member]);
        (text("key").is_empty() || text("key") == key) && ["", "NoExecute"].contains(&text("effect"))
    };
    if !tolerations.iter().any(covers) {
        tolerations.push(json!({
            "key": key,
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": TOLERATION_SECONDS,
        }));
    }
}
