//! What the admission plugins of a default server add to pods: tolerations and priority.

use serde_json::{Value, json};

use crate::kinds::{AdmissionPlugin, rules::fill};
use crate::object::{Status, meta, status::Result};

/// How long a pod stays on a node that is not ready or unreachable.
const TOLERATION_SECONDS: i64 = 300;

/// What pods of all known classes do to others when there is no room.
const PREEMPTION: &str = "PreemptLowerPriority";

/// Sets the priority of a pod's class.
pub struct Priority;

impl AdmissionPlugin for Priority {
    fn name(&self) -> &'static str {
        "Priority"
    }

    fn mutate(&self, pod: &mut Value, old: Option<&Value>) -> Result<()> {
        set_priority(pod, old);
        if old.is_some() { Ok(()) } else { check_priority(pod) }
    }
}

/// Says how long a pod stays on a node that fails.
pub struct DefaultTolerationSeconds;

impl AdmissionPlugin for DefaultTolerationSeconds {
    fn name(&self) -> &'static str {
        "DefaultTolerationSeconds"
    }

    fn mutate(&self, pod: &mut Value, _old: Option<&Value>) -> Result<()> {
        for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
            tolerate(pod, key);
        }
        Ok(())
    }
}

fn set_priority(pod: &mut Value, old: Option<&Value>) {
    let spec = meta::map_mut(pod, "spec");
    let Some(old) = old else {
        let class = spec.get("priorityClassName").and_then(Value::as_str).unwrap_or_default();
        fill::null(spec, "priority", priority_of(class).unwrap_or_default());
        fill::null(spec, "preemptionPolicy", PREEMPTION);
        return;
    };
    for member in ["priority", "preemptionPolicy"] {
        if let Some(value) = meta::at(old, &["spec", member]) {
            fill::null(spec, member, value.clone());
        }
    }
}

/// Refuses a new pod whose priority class is unknown, or whose priority is not that of its class.
fn check_priority(pod: &Value) -> Result<()> {
    let class = meta::text(pod, &["spec", "priorityClassName"]);
    let given = meta::at(pod, &["spec", "priority"]).and_then(Value::as_i64).unwrap_or_default();
    let policy = meta::text(pod, &["spec", "preemptionPolicy"]);
    let why = match priority_of(class) {
        None => format!("no PriorityClass with name {class} was found"),
        Some(computed) if given != computed => format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller \
             computed {computed} from the given PriorityClass name"
        ),
        Some(_) if policy != PREEMPTION => format!(
            "the string value of PreemptionPolicy ({policy}) must not be provided in pod spec; priority admission \
             controller computed {PREEMPTION} from the given PriorityClass name"
        ),
        Some(_) => return Ok(()),
    };
    let name = Some(meta::name(pod)).filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| meta::text(pod, &["metadata", "generateName"]));
    Err(Status::forbidden("", "pods", name, &why))
}

/// The priority of a class. Every cluster has two; no others can be made here. Without a class it is 0.
fn priority_of(class: &str) -> Option<i64> {
    match class {
        "" => Some(0),
        "system-cluster-critical" => Some(2_000_000_000),
        "system-node-critical" => Some(2_000_001_000),
        _ => None,
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
