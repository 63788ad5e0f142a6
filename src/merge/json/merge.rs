//! JSON merge patch (RFC 7396).

use serde_json::Value;

use super::undecodable;
use crate::object::{
    meta::Object,
    status::{Result, Status},
};

/// Applies a decoded JSON merge patch. Objects that it reaches into come back with their members sorted.
pub fn merge_patch(target: &mut Value, patch: &Value) -> Result<()> {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            merge(target, patch);
            Ok(())
        }
        (_, Value::Null) => Err(Status::bad_request("Invalid JSON Patch")),
        (_, other) => Err(undecodable(other, "map[string]interface {}")),
    }
}

fn merge(target: &mut Object, patch: &Object) {
    for (name, value) in patch {
        match (target.get_mut(name), value) {
            // The order is lost, and made anew below.
            (_, Value::Null) => drop(target.swap_remove(name)),
            (Some(Value::Object(inner)), Value::Object(patch)) => merge(inner, patch),
            (Some(Value::Object(_)), _) => {
                target.insert(name.clone(), value.clone());
            }
            _ => {
                target.insert(name.clone(), without_nulls(value));
            }
        }
    }
    target.sort_keys();
}

/// A new value has nothing to delete, so its nulls, also those of objects in lists, mean nothing.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, value)| !value.is_null());
            kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect()
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        scalar => scalar.clone(),
    }
}
