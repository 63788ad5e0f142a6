//! The conditions of a request: approved, denied or failed for good, and others.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::{
    kinds::{Moment, rules::fill},
    object::{FieldError, FieldErrors, Path, meta},
    text::time::rfc3339,
};

/// Conditions that stay once they are there.
const FINAL: [&str; 3] = ["Approved", "Denied", "Failed"];

/// Writes into conditions when they were updated and when they changed.
pub fn stamp(object: &mut Value, old: &Value, now: Moment) {
    let known = meta::items(old, &["status", "conditions"]);
    let text = |condition: &Value, member: &str| meta::text(condition, &[member]).to_owned();
    fill::each(meta::map_mut(object, "status"), "conditions", |condition| {
        fill::absent(condition, "lastUpdateTime", rfc3339(now));
        let shown = Value::Object(condition.clone());
        let is_same = |old: &&Value| ["type", "status"].iter().all(|name| text(old, name) == text(&shown, name));
        let before = known.iter().find(is_same).map(|old| text(old, "lastTransitionTime"));
        let time = before.filter(|time| !time.is_empty()).unwrap_or_else(|| rfc3339(now));
        fill::absent(condition, "lastTransitionTime", time);
    });
}

/// Checks the conditions.
pub fn errors(object: &Value) -> FieldErrors {
    let list = Path::new("status").child("conditions");
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, condition) in meta::items(object, &["status", "conditions"]).iter().enumerate() {
        let (path, kind) = (list.index(i), meta::text(condition, &["type"]));
        if kind.is_empty() {
            errors.push(FieldError::required(&path.child("type"), ""));
        }
        let supported: &[&str] = if FINAL.contains(&kind) { &["True"] } else { &["False", "True", "Unknown"] };
        let (at, status) = (path.child("status"), meta::text(condition, &["status"]));
        if status.is_empty() {
            errors.push(FieldError::required(&at, ""));
        } else if !supported.contains(&status) {
            errors.push(FieldError::not_supported(&at, status, supported));
        }
        let other = match kind {
            "Approved" => "Denied",
            "Denied" => "Approved",
            _ => "",
        };
        if !other.is_empty() && seen.contains(other) {
            let detail = "Approved and Denied conditions are mutually exclusive";
            errors.push(FieldError::invalid(&path.child("type"), kind, detail));
        }
        if !seen.insert(kind) {
            errors.push(FieldError::duplicate(&path.child("type"), kind));
        }
    }
    errors
}

/// Checks that nothing final is taken back, and that only an approval approves and denies.
pub fn change_errors(object: &Value, old: &Value, is_approval: bool) -> FieldErrors {
    let path = Path::new("status").child("conditions");
    let of = |object: &Value, kind: &str| -> Vec<Value> {
        let conditions = meta::items(object, &["status", "conditions"]).iter();
        conditions.filter(|condition| meta::text(condition, &["type"]) == kind).cloned().collect()
    };
    let refuse = |what: &str, kind: &str| {
        FieldError::forbidden(&path, &format!("updates may not {what} a condition of type {}", json!(kind)))
    };
    let mut errors = FieldErrors::new();
    for kind in FINAL {
        if of(object, kind).len() < of(old, kind).len() {
            errors.push(refuse("remove", kind));
        }
    }
    for kind in FINAL.iter().filter(|kind| !is_approval && **kind != "Failed") {
        let (new, before) = (of(object, kind), of(old, kind));
        if new.len() > before.len() {
            errors.push(refuse("add", kind));
        } else if new.len() == before.len() && new != before {
            errors.push(refuse("modify", kind));
        }
    }
    errors
}
