//! Between v1 and v2: what v1 has no field for is JSON in annotations.

use serde_json::{Value, json};

use super::metric;
use crate::object::meta::{self, Object};

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT_METRICS: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";

/// The v2 form of a v1 object.
pub fn to_stored(mut object: Value) -> Value {
    set_version(&mut object, "autoscaling/v2");
    let mut metrics: Vec<Value> = taken_list(&mut object, METRICS).iter().map(metric::spec_to_stored).collect();
    let mut current: Vec<Value> =
        taken_list(&mut object, CURRENT_METRICS).iter().map(metric::status_to_stored).collect();
    let (conditions, behavior) = (taken(&mut object, CONDITIONS), taken(&mut object, BEHAVIOR));
    let spec = meta::map_mut(&mut object, "spec");
    if let Some(share) = spec.shift_remove("targetCPUUtilizationPercentage").filter(|share| !share.is_null()) {
        let target = json!({"type": "Utilization", "averageUtilization": share});
        metrics.push(json!({"type": "Resource", "resource": {"name": "cpu", "target": target}}));
    }
    if !metrics.is_empty() {
        spec.insert("metrics".to_owned(), metrics.into());
    }
    if let Some(behavior) = behavior {
        spec.insert("behavior".to_owned(), behavior);
    }
    if let Some(Value::Object(status)) = object.get_mut("status") {
        if let Some(share) = status.shift_remove("currentCPUUtilizationPercentage").filter(|share| !share.is_null()) {
            let current_share = json!({"averageUtilization": share});
            current.push(json!({"type": "Resource", "resource": {"name": "cpu", "current": current_share}}));
        }
        if !current.is_empty() {
            status.insert("currentMetrics".to_owned(), current.into());
        }
        if let Some(conditions) = conditions {
            status.insert("conditions".to_owned(), conditions);
        }
    }
    object
}

/// The v1 form of a v2 object.
pub fn from_stored(mut object: Value) -> Value {
    set_version(&mut object, "autoscaling/v1");
    let spec = meta::map_mut(&mut object, "spec");
    let (share, others) = split(spec.shift_remove("metrics"), "target");
    let behavior = spec.shift_remove("behavior");
    meta::set(spec, "targetCPUUtilizationPercentage", share);
    let (mut current, mut conditions) = (Vec::new(), None);
    if let Some(Value::Object(status)) = object.get_mut("status") {
        let (share, others) = split(status.shift_remove("currentMetrics"), "current");
        meta::set(status, "currentCPUUtilizationPercentage", share);
        // This version has it also where it is 0.
        status.entry("currentReplicas").or_insert_with(|| 0.into());
        current = others;
        conditions = status.shift_remove("conditions");
    }
    let others: Vec<Value> = others.iter().map(metric::spec_from_stored).collect();
    let current: Vec<Value> = current.iter().map(metric::status_from_stored).collect();
    let given = [
        (METRICS, Some(Value::Array(others)).filter(|list| *list != json!([]))),
        (CURRENT_METRICS, Some(Value::Array(current)).filter(|list| *list != json!([]))),
        (CONDITIONS, conditions),
        (BEHAVIOR, behavior),
    ];
    for (name, value) in given.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        let metadata = meta::metadata_mut(&mut object);
        let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
        meta::members_mut(annotations).insert(name.to_owned(), value.to_string().into());
    }
    object
}

fn set_version(object: &mut Value, version: &str) {
    if let Some(stated) = object.get_mut("apiVersion") {
        *stated = version.into();
    }
}

/// The value of an annotation, which goes.
fn taken(object: &mut Value, name: &str) -> Option<Value> {
    let metadata = object.get_mut("metadata").and_then(Value::as_object_mut)?;
    let annotations = metadata.get_mut("annotations").and_then(Value::as_object_mut)?;
    let text = annotations.shift_remove(name)?;
    if annotations.is_empty() {
        metadata.shift_remove("annotations");
    }
    serde_json::from_str(text.as_str()?).ok()
}

fn taken_list(object: &mut Value, name: &str) -> Vec<Value> {
    match taken(object, name) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

/// The share of CPU, for which v1 has a field, and the other metrics.
fn split(metrics: Option<Value>, side: &str) -> (Value, Vec<Value>) {
    let Some(Value::Array(metrics)) = metrics else { return (Value::Null, Vec::new()) };
    let mut share = Value::Null;
    let share_of = |metric: &Object| {
        let resource = metric.get("resource")?;
        let is_cpu = meta::text(resource, &["name"]) == "cpu";
        meta::at(resource, &[side, "averageUtilization"]).filter(|share| is_cpu && !share.is_null()).cloned()
    };
    let mut others = Vec::new();
    for metric in metrics {
        match metric.as_object().and_then(share_of) {
            Some(found) => share = found,
            None => others.push(metric),
        }
    }
    (share, others)
}
