//! What an update of a claim may not change.

use serde_json::Value;

use crate::kinds::{
    pod::go_layout::CLAIM_SPEC,
    rules::{
        check, diff,
        go_struct::{indented, lay_out},
        same::same,
    },
    storage::persistent_volume::CLASS,
};
use crate::object::{
    FieldError, FieldErrors, Path,
    meta::{self, Object},
};
use crate::text::quantity::nanos;

const ONLY: &str =
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";

const STORAGE: [&str; 3] = ["resources", "requests", "storage"];

/// Checks a change.
pub fn errors(object: &Value, old: &Value) -> FieldErrors {
    let (mut new, mut before) = (object.clone(), old.clone());
    let mut errors = ignore_allowed_class(&mut new, object, old);
    let (new, before) = (meta::map_mut(&mut new, "spec"), meta::map_mut(&mut before, "spec"));
    // The volume is written into the claim once.
    if before.get("volumeName").and_then(Value::as_str).unwrap_or_default().is_empty() {
        copy(before, new, "volumeName");
    }
    if meta::text(object, &["status", "phase"]) == "Bound" {
        ignore_storage_request(new, before);
        if new.contains_key("volumeAttributesClassName") {
            copy(new, before, "volumeAttributesClassName");
        }
    }
    let (now, then) = (Value::Object(new.clone()), Value::Object(before.clone()));
    let (now, then) = (lay_out(&now, CLAIM_SPEC), lay_out(&then, CLAIM_SPEC));
    let path = Path::new("spec");
    if !same(Some(&now), Some(&then)) {
        let diff = diff::unified(&indented(&then), &indented(&now));
        errors.push(FieldError::forbidden(&path, &format!("{ONLY}\n{diff}")));
    }
    errors.extend(size_error(object, old));
    let member = |object: &Value, member: &str| meta::at(object, &["spec", member]).cloned();
    let (mode, old_mode) = (member(object, "volumeMode"), member(old, "volumeMode"));
    errors.extend(check::immutable(&Path::new("volumeMode"), mode.as_ref(), old_mode.as_ref()));
    if member(old, "volumeAttributesClassName").is_some() {
        let to = match member(object, "volumeAttributesClassName") {
            None => Some("nil"),
            Some(Value::String(class)) if class.is_empty() => Some("an empty string"),
            Some(_) => None,
        };
        let path = path.child("volumeAttributesClassName");
        errors.extend(
            to.map(|to| FieldError::forbidden(&path, &format!("update from non-nil value to {to} is forbidden"))),
        );
    }
    errors
}

/// A class that the claim did not name may be named later; one in an annotation may move into the field.
fn ignore_allowed_class(new: &mut Value, object: &Value, old: &Value) -> FieldErrors {
    let annotation = |object| meta::at(object, &["metadata", "annotations", CLASS]).and_then(Value::as_str);
    let field = |object| meta::at(object, &["spec", "storageClassName"]).and_then(Value::as_str);
    let (named, now) = (annotation(old), annotation(object));
    let moves = named.is_some() && field(object) == named && field(old).is_none();
    if moves && (now.is_none() || now == named) {
        meta::map_mut(new, "spec").shift_remove("storageClassName");
        return FieldErrors::new();
    }
    let mut errors = FieldErrors::new();
    if named.unwrap_or_default() != now.unwrap_or_default() {
        let path = Path::new("metadata").child("annotations").child(CLASS);
        errors.push(FieldError::invalid(&path, now.unwrap_or_default(), "field is immutable"));
    }
    if field(old).is_none() && (named.is_none() || field(object) == named) {
        meta::map_mut(new, "spec").shift_remove("storageClassName");
    }
    errors
}

/// A bound claim may ask for more, or for less.
fn ignore_storage_request(new: &mut Object, old: &Object) {
    let size = old.get("resources").and_then(|resources| meta::at(resources, &STORAGE[1..])).cloned();
    let requests = new.get_mut("resources").and_then(|resources| resources.get_mut("requests"));
    if let (Some(Value::Object(requests)), Some(size)) = (requests, size) {
        requests.insert("storage".to_owned(), size);
    }
}

/// No claim may shrink below what it has.
fn size_error(object: &Value, old: &Value) -> Option<FieldError> {
    let size = |object: &Value, path: &[&str]| nanos(meta::text(object, path)).unwrap_or_default();
    let asked = |object: &Value| size(object.get("spec").unwrap_or(&Value::Null), &STORAGE);
    let has = size(old, &["status", "capacity", "storage"]);
    let path = Path::new("spec").child("resources").child("requests").child("storage");
    let shrinks = asked(object) < asked(old) && asked(object) <= has;
    shrinks.then(|| FieldError::forbidden(&path, "field can not be less than status.capacity"))
}

fn copy(to: &mut Object, from: &Object, member: &str) {
    meta::set(to, member, from.get(member).cloned().unwrap_or(Value::Null));
}
