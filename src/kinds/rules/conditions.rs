//! Checks of `status.conditions` of the type that all newer kinds share.

use std::collections::HashSet;

use serde_json::Value;

use super::check;
use crate::object::{FieldError, FieldErrors, Path, meta, names};

/// The most bytes of a condition's reason.
const REASON_BYTES_MAX: usize = 1024;
/// The most bytes of a condition's message.
const MESSAGE_BYTES_MAX: usize = 32 * 1024;

/// Checks a list of conditions, of which each type may be there once.
pub fn errors(path: &Path, conditions: &[Value]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, condition) in conditions.iter().enumerate() {
        let kind = meta::text(condition, &["type"]);
        if !seen.insert(kind) {
            errors.push(FieldError::duplicate(&path.index(i).child("type"), kind));
        }
        errors.extend(condition_errors(&path.index(i), condition));
    }
    errors
}

fn condition_errors(path: &Path, condition: &Value) -> FieldErrors {
    let text = |member: &str| meta::text(condition, &[member]);
    let mut errors = check::rule(&path.child("type"), text("type"), names::qualified_name);
    let statuses = ["False", "True", "Unknown"];
    if !statuses.contains(&text("status")) {
        errors.push(FieldError::not_supported(&path.child("status"), text("status"), &statuses));
    }
    let generation = check::integer(condition, "observedGeneration");
    if generation < 0 {
        let detail = "must be greater than or equal to zero";
        errors.push(FieldError::invalid(&path.child("observedGeneration"), generation, detail));
    }
    if text("lastTransitionTime").is_empty() {
        errors.push(FieldError::required(&path.child("lastTransitionTime"), ""));
    }
    errors.extend(check::required_rule(&path.child("reason"), text("reason"), names::condition_reason));
    for (member, most) in [("reason", REASON_BYTES_MAX), ("message", MESSAGE_BYTES_MAX)] {
        if text(member).len() > most {
            errors.push(FieldError::too_long(&path.child(member), most));
        }
    }
    errors
}
