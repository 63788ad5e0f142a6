//! JSON patch (RFC 6902) and JSON merge patch (RFC 7396), with the liberties that Kubernetes takes.
//!
//! `json-patch` follows the RFC to the letter. Kubernetes counts negative indices from the end, lets `replace` add and
//! `copy` and `test` treat a missing member as null, and bounds what `copy` may add; so operations are applied here.
//!
//! A map that a patch reaches into comes back with its members sorted, as messages that print the result show it.

use serde_json::Value;

use crate::object::{
    meta::Object,
    status::{Reason, Result, Status},
};

/// Operations that one JSON patch may have.
const MAX_OPERATIONS: usize = 10_000;
/// Bytes that all `copy` operations of one patch may add.
const MAX_COPIED_BYTES: usize = 3 * 1024 * 1024;

/// Applies a decoded JSON patch. A patch that does not apply leaves the target as it was.
pub fn json_patch(target: &mut Value, patch: &Value) -> Result<()> {
    let operations = match patch {
        Value::Array(operations) => operations.as_slice(),
        Value::Null => &[],
        other => return Err(undecodable(other, "[]handlers.jsonPatchOp")),
    };
    if let Some(other) = operations.iter().find(|o| !o.is_object() && !o.is_null()) {
        return Err(undecodable(other, "handlers.jsonPatchOp"));
    }
    if operations.len() > MAX_OPERATIONS {
        let text = format!(
            "Request entity too large: The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            operations.len()
        );
        return Err(Status::new(Reason::RequestEntityTooLarge, text));
    }
    let mut patched = target.clone();
    sort_members(&mut patched);
    let mut copied = 0;
    for operation in operations {
        apply(&mut patched, operation, &mut copied).ok_or_else(Status::unprocessable)?;
    }
    *target = patched;
    Ok(())
}

/// Applies a decoded JSON merge patch.
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

fn undecodable(patch: &Value, go_type: &str) -> Box<Status> {
    let found = json_type(patch);
    Status::bad_request(format!("error decoding patch: json: cannot unmarshal {found} into Go value of type {go_type}"))
}

/// The name that Go's decoder has for a kind of JSON value.
pub(super) fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn merge(target: &mut Object, patch: &Object) {
    for (name, value) in patch {
        match (target.get_mut(name), value) {
            (_, Value::Null) => {
                target.shift_remove(name);
            }
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

/// `None` if the operation does not apply.
fn apply(document: &mut Value, operation: &Value, copied: &mut usize) -> Option<()> {
    let member = |name: &str| operation.get(name).filter(|value| !value.is_null());
    let path = || member("path")?.as_str();
    let from = || member("from")?.as_str();
    let value = || operation.get("value").cloned().unwrap_or_default();
    match member("op")?.as_str()? {
        "add" => parent(document, path()?).and_then(|(parent, key)| add(parent, key, value())),
        "remove" => parent(document, path()?).and_then(|(parent, key)| remove(parent, key)).map(drop),
        "replace" if path()?.is_empty() => {
            let value = value();
            (value.is_object() || value.is_array()).then(|| *document = value)
        }
        "replace" => parent(document, path()?).and_then(|(parent, key)| replace(parent, key, value())),
        "move" => {
            let (source, key) = parent(document, from()?)?;
            let moved = remove(source, key)?;
            parent(document, path()?).and_then(|(parent, key)| add(parent, key, moved))
        }
        "copy" => {
            let (source, key) = parent(document, from()?)?;
            let copy = get(source, &key)?.cloned().unwrap_or_default();
            *copied += if copy.is_null() { 0 } else { copy.to_string().len() };
            let (parent, key) = parent(document, path()?)?;
            if *copied > MAX_COPIED_BYTES { None } else { add(parent, key, copy) }
        }
        "test" if path()?.is_empty() => (*document == value()).then_some(()),
        "test" => {
            let (parent, key) = parent(document, path()?)?;
            let found = get(parent, &key)?.cloned().unwrap_or_default();
            (found == value()).then_some(())
        }
        _ => None,
    }
}

/// The container that holds what the path points at, and the key there.
fn parent<'a>(document: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let mut parts = path.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~"));
    let mut key = parts.next()?;
    let mut container = document;
    for next in parts {
        container = match container {
            Value::Object(members) => members.get_mut(&key)?,
            Value::Array(items) => {
                let at = index(&key, items.len())?;
                items.get_mut(at)?
            }
            _ => return None,
        };
        sort_members(container);
        key = next;
    }
    Some((container, key))
}

/// `Some(None)` is a member that is not there, which the operations treat as null.
fn get<'a>(container: &'a Value, key: &str) -> Option<Option<&'a Value>> {
    match container {
        Value::Object(members) => Some(members.get(key)),
        Value::Array(items) => index(key, items.len()).and_then(|at| items.get(at)).map(Some),
        _ => None,
    }
}

fn add(container: &mut Value, key: String, value: Value) -> Option<()> {
    match container {
        Value::Object(members) => {
            members.insert(key, value);
            members.sort_keys();
        }
        Value::Array(items) if key == "-" => items.push(value),
        Value::Array(items) => {
            let at = index(&key, items.len() + 1).filter(|at| *at <= items.len())?;
            items.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn replace(container: &mut Value, key: String, value: Value) -> Option<()> {
    match container {
        Value::Array(items) => {
            let at = index(&key, items.len())?;
            *items.get_mut(at)? = value;
            Some(())
        }
        _ => add(container, key, value),
    }
}

fn remove(container: &mut Value, key: String) -> Option<Value> {
    match container {
        Value::Object(members) => members.shift_remove(&key),
        Value::Array(items) => {
            let at = index(&key, items.len()).filter(|at| *at < items.len())?;
            Some(items.remove(at))
        }
        _ => None,
    }
}

/// A position in a list of this length; a negative one counts from the end.
fn index(key: &str, length: usize) -> Option<usize> {
    let number: i64 = key.parse().ok()?;
    if number >= 0 {
        return usize::try_from(number).ok();
    }
    length.checked_sub(usize::try_from(number.unsigned_abs()).ok()?)
}

fn sort_members(value: &mut Value) {
    if let Value::Object(members) = value {
        members.sort_keys();
    }
}
