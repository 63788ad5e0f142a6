<<<<<<< HEAD
//! Checks `metav1.Condition`, of which the status of many kinds has a list.

use std::{collections::HashSet, sync::LazyLock};

use regex::Regex;
=======
//! Checks of `status.conditions` of the type that all newer kinds share.

use std::collections::HashSet;

>>>>>>> main
use serde_json::Value;

use super::check;
use crate::object::{FieldError, FieldErrors, Path, meta, names};

<<<<<<< HEAD
/// The longest reason and the longest message.
const REASON_MAX: usize = 1024;
const MESSAGE_MAX: usize = 32 * 1024;

static REASON: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$").expect("a pattern"));

/// What is wrong with conditions.
pub fn errors(path: &Path, conditions: &[Value]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut known = HashSet::new();
    for (index, condition) in conditions.iter().enumerate() {
        let path = path.index(index);
        let of = meta::text(condition, &["type"]);
        if !known.insert(of) {
            errors.push(FieldError::duplicate(&path.child("type"), of));
        }
        errors.extend(condition_errors(&path, condition));
=======
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
>>>>>>> main
    }
    errors
}

fn condition_errors(path: &Path, condition: &Value) -> FieldErrors {
    let text = |member: &str| meta::text(condition, &[member]);
<<<<<<< HEAD
    let mut errors = check::required_rule(&path.child("type"), text("type"), names::qualified_name);
    if !["True", "False", "Unknown"].contains(&text("status")) {
        let supported = ["False", "True", "Unknown"];
        errors.push(FieldError::not_supported(&path.child("status"), text("status"), &supported));
    }
    let generation = condition.get("observedGeneration").and_then(Value::as_i64).unwrap_or_default();
    if generation < 0 {
        let why = "must be greater than or equal to zero";
        errors.push(FieldError::invalid(&path.child("observedGeneration"), generation, why));
=======
    let mut errors = check::rule(&path.child("type"), text("type"), names::qualified_name);
    let statuses = ["False", "True", "Unknown"];
    if !statuses.contains(&text("status")) {
        errors.push(FieldError::not_supported(&path.child("status"), text("status"), &statuses));
    }
    let generation = check::integer(condition, "observedGeneration");
    if generation < 0 {
        let detail = "must be greater than or equal to zero";
        errors.push(FieldError::invalid(&path.child("observedGeneration"), generation, detail));
>>>>>>> main
    }
    if text("lastTransitionTime").is_empty() {
        errors.push(FieldError::required(&path.child("lastTransitionTime"), ""));
    }
<<<<<<< HEAD
    let (reason, at) = (text("reason"), path.child("reason"));
    if reason.is_empty() {
        errors.push(FieldError::required(&at, ""));
    } else if !REASON.is_match(reason) {
        let why = "a condition reason must start with alphabetic character, optionally followed by a string of \
                   alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name', \
                   \x20or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for \
                   validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')";
        errors.push(FieldError::invalid(&at, reason, why));
    }
    for (member, max) in [("reason", REASON_MAX), ("message", MESSAGE_MAX)] {
        if text(member).len() > max {
            errors.push(FieldError::too_long(&path.child(member), max));
=======
    errors.extend(check::required_rule(&path.child("reason"), text("reason"), names::condition_reason));
    for (member, most) in [("reason", REASON_BYTES_MAX), ("message", MESSAGE_BYTES_MAX)] {
        if text(member).len() > most {
            errors.push(FieldError::too_long(&path.child(member), most));
>>>>>>> main
        }
    }
    errors
}
