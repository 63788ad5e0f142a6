//! A metric in the annotations of v1, where each number has a name of its own.

use serde_json::{Value, json};

use crate::object::meta::{self, Object};

/// A metric that is wanted, in v2.
pub fn spec_to_stored(metric: &Value) -> Value {
    to_stored(metric, "target")
}

/// A metric that is measured, in v2.
pub fn status_to_stored(metric: &Value) -> Value {
    to_stored(metric, "current")
}

/// A metric that is wanted, in v1.
pub fn spec_from_stored(metric: &Value) -> Value {
    from_stored(metric, "target")
}

/// A metric that is measured, in v1.
pub fn status_from_stored(metric: &Value) -> Value {
    from_stored(metric, "current")
}

const SOURCES: [&str; 5] = ["object", "pods", "resource", "containerResource", "external"];

/// The numbers of a metric: the name in v2, and what follows `target` or `current` in v1.
const NUMBERS: [(&str, &str); 3] =
    [("value", "Value"), ("averageValue", "AverageValue"), ("averageUtilization", "AverageUtilization")];

fn to_stored(metric: &Value, side: &str) -> Value {
    let mut out = json!({"type": meta::text(metric, &["type"])});
    for source in SOURCES {
        let Some(Value::Object(old)) = metric.get(source) else { continue };
        let mut new = Object::new();
        let mut numbers = Object::new();
        for (member, suffix) in NUMBERS {
            let names = [format!("{side}{suffix}"), member.to_owned()];
            if let Some(value) = names.iter().find_map(|name| old.get(name)) {
                numbers.insert(member.to_owned(), value.clone());
            }
        }
        if side == "target" {
            let kind = if numbers.contains_key("averageUtilization") {
                "Utilization"
            } else if numbers.contains_key("averageValue") {
                "AverageValue"
            } else {
                "Value"
            };
            numbers.insert("type".to_owned(), kind.into());
        }
        for member in ["name", "container"] {
            meta::set(&mut new, member, old.get(member).cloned().unwrap_or(Value::Null));
        }
        if source == "object" {
            let described = old.get("target").cloned().unwrap_or_else(|| json!({}));
            new.insert("describedObject".to_owned(), described);
        }
        if let Some(name) = old.get("metricName") {
            let mut identifier = json!({"name": name});
            let selector = old.get("selector").or_else(|| old.get("metricSelector"));
            meta::set(meta::members_mut(&mut identifier), "selector", selector.cloned().unwrap_or(Value::Null));
            new.insert("metric".to_owned(), identifier);
        }
        new.insert(side.to_owned(), numbers.into());
        out[source] = new.into();
    }
    out
}

fn from_stored(metric: &Value, side: &str) -> Value {
    let mut out = json!({"type": meta::text(metric, &["type"])});
    for source in SOURCES {
        let Some(old) = metric.get(source).filter(|old| old.is_object()) else { continue };
        let mut new = Object::new();
        let described = old.get("describedObject").cloned().unwrap_or(Value::Null);
        meta::set(&mut new, "target", described);
        let name = meta::at(old, &["metric", "name"]).cloned().unwrap_or(Value::Null);
        meta::set(&mut new, "metricName", name);
        let selector = if source == "external" { "metricSelector" } else { "selector" };
        meta::set(&mut new, selector, meta::at(old, &["metric", "selector"]).cloned().unwrap_or(Value::Null));
        for member in ["name", "container"] {
            meta::set(&mut new, member, old.get(member).cloned().unwrap_or(Value::Null));
        }
        for (member, suffix) in NUMBERS {
            // An object's average is called as in v2.
            let name = if source == "object" && member == "averageValue" {
                member.to_owned()
            } else {
                format!("{side}{suffix}")
            };
            meta::set(&mut new, &name, meta::at(old, &[side, member]).cloned().unwrap_or(Value::Null));
        }
        out[source] = new.into();
    }
    out
}
