//! The row of an autoscaler.

use serde_json::{Value, json};

use crate::kinds::{Moment, model::strategy::age, rules::check};
use crate::object::meta;

/// How many metrics are shown.
const SHOWN_MAX: usize = 2;

/// The cells.
pub fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let spec = |member: &str| meta::at(object, &["spec", member]).and_then(Value::as_i64);
    let target = |member: &str| meta::text(object, &["spec", "scaleTargetRef", member]);
    let current = meta::at(object, &["status", "currentReplicas"]).and_then(Value::as_i64).unwrap_or_default();
    vec![
        meta::name(object).into(),
        format!("{}/{}", target("kind"), target("name")).into(),
        metrics(object).into(),
        spec("minReplicas").map_or_else(|| json!("<unset>"), |min| min.to_string().into()),
        spec("maxReplicas").unwrap_or_default().into(),
        current.into(),
        age(object, now).into(),
    ]
}

fn metrics(object: &Value) -> String {
    let specs = meta::items(object, &["spec", "metrics"]);
    let statuses = meta::items(object, &["status", "currentMetrics"]);
    if specs.is_empty() {
        return "<none>".to_owned();
    }
    let shown = specs.iter().enumerate().map(|(i, spec)| metric(spec, statuses.get(i)));
    let shown: Vec<_> = shown.take(SHOWN_MAX).collect();
    let text = shown.join(", ");
    match specs.len() {
        count if count > SHOWN_MAX => format!("{text} + {} more...", count - SHOWN_MAX),
        _ => text,
    }
}

/// What a metric is and should be.
fn metric(spec: &Value, status: Option<&Value>) -> String {
    let kind = meta::text(spec, &["type"]);
    let member = match kind {
        "Object" => "object",
        "External" => "external",
        "Pods" => "pods",
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => return "<unknown type>".to_owned(),
    };
    let null = Value::Null;
    let source = spec.get(member).unwrap_or(&null);
    let target = source.get("target").unwrap_or(&null);
    let current = |name: &str| {
        status.and_then(|status| meta::at(status, &[member, "current", name])).map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    };
    let unknown = || "<unknown>".to_owned();
    let text = |name: &str| meta::text(target, &[name]).to_owned();
    let is_resource = ["Resource", "ContainerResource"].contains(&kind);
    let values = if check::given(target, "averageValue").is_some() {
        let average = current("averageValue").unwrap_or_else(unknown);
        let suffix = if is_resource || kind == "Pods" { "" } else { " (avg)" };
        format!("{average}/{}{suffix}", text("averageValue"))
    } else if is_resource {
        let share = current("averageUtilization").map_or_else(unknown, |share| format!("{share}%"));
        let wanted = target.get("averageUtilization").and_then(Value::as_i64);
        let wanted = wanted.map_or_else(|| "<auto>".to_owned(), |share| format!("{share}%"));
        format!("{share}/{wanted}")
    } else {
        format!("{}/{}", current("value").unwrap_or_else(unknown), text("value"))
    };
    if is_resource { format!("{}: {values}", meta::text(source, &["name"])) } else { values }
}
