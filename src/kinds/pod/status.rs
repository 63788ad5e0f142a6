//! A pod's status: what a new pod starts with, what an update of it may change, and conditions.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{amounts, validate};
use crate::kinds::{Moment, model::strategy::keep_all_but_status};
use crate::object::meta;

/// The quality of service that a pod gets. What does not decode is refused by the checks that follow.
pub fn qos_class(pod: &Value) -> &'static str {
    validate::spec_of(pod).map(|spec| amounts::qos_class(&spec)).unwrap_or("BestEffort")
}

/// Gives a new pod its first status.
pub fn start(pod: &mut Value) {
    let class = qos_class(pod);
    let gated = !meta::items(pod, &["spec", "schedulingGates"]).is_empty();
    let mut status = Map::new();
    status.insert("phase".to_owned(), "Pending".into());
    if gated {
        let condition = json!({
            "type": "PodScheduled",
            "status": "False",
            "reason": "SchedulingGated",
            "message": "Scheduling is blocked due to non-empty scheduling gates",
        });
        status.insert("conditions".to_owned(), vec![condition].into());
    }
    status.insert("qosClass".to_owned(), class.into());
    *meta::map_mut(pod, "status") = status;
}

/// Limits a status update to `status`, and keeps what kubelets may not touch.
pub fn prepare(pod: &mut Value, old: &Value) {
    keep_all_but_status(pod, old);
    let owners = meta::at(old, &["metadata", "ownerReferences"]).cloned().unwrap_or(Value::Null);
    meta::set(meta::metadata_mut(pod), "ownerReferences", owners);
    let class = meta::text(old, &["status", "qosClass"]);
    if !class.is_empty() {
        crate::kinds::rules::fill::absent(meta::map_mut(pod, "status"), "qosClass", class);
    }
    keep_generations(pod, old);
}

/// Sets a condition, as the control plane does: its time moves only when its status does.
pub fn set_condition(pod: &mut Value, mut condition: Value, now: Moment) {
    let conditions = meta::map_mut(pod, "status").entry("conditions").or_insert_with(|| Value::Array(Vec::new()));
    let Value::Array(conditions) = conditions else { return };
    let time = Moment::from_second(now.as_second()).unwrap_or(now).to_string();
    let known = conditions.iter_mut().find(|known| known["type"] == condition["type"]);
    let time = match &known {
        Some(known) if known["status"] == condition["status"] => known["lastTransitionTime"].clone(),
        _ => time.into(),
    };
    condition["lastTransitionTime"] = time;
    match known {
        Some(known) => *known = condition,
        None => conditions.push(condition),
    }
}

/// Who does not know of observed generations does not clear them.
fn keep_generations(pod: &mut Value, old: &Value) {
    let generation = |value: &Value| value.get("observedGeneration").and_then(Value::as_i64).unwrap_or_default();
    let null = Value::Null;
    let stored = old.get("status").unwrap_or(&null);
    let mut known: HashMap<String, std::collections::VecDeque<i64>> = HashMap::new();
    for condition in meta::items(stored, &["conditions"]) {
        known.entry(meta::text(condition, &["type"]).to_owned()).or_default().push_back(generation(condition));
    }
    let Some(status) = pod.get_mut("status").filter(|status| status.is_object()) else { return };
    if generation(status) == 0 && generation(stored) != 0 {
        status["observedGeneration"] = generation(stored).into();
    }
    let conditions = status.get_mut("conditions").and_then(Value::as_array_mut);
    for condition in conditions.into_iter().flatten() {
        let before = known.get_mut(meta::text(condition, &["type"])).and_then(|known| known.pop_front());
        if let Some(before) = before.filter(|before| *before != 0 && generation(condition) == 0) {
            condition["observedGeneration"] = before.into();
        }
    }
}
