//! Checks of the conditions of a status.

use std::collections::HashSet;

use serde_json::Value;

use crate::object::{FieldError, FieldErrors, Path, meta};

/// Checks that each condition has a type of its own.
pub fn errors(object: &Value) -> FieldErrors {
    let path = Path::new("status").child("conditions");
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, condition) in meta::items(object, &["status", "conditions"]).iter().enumerate() {
        let (path, kind) = (path.index(i).child("type"), meta::text(condition, &["type"]));
        if !seen.insert(kind) {
            errors.push(FieldError::duplicate(&path, kind));
        }
        if kind.is_empty() {
            errors.push(FieldError::required(&path, ""));
        }
    }
    errors
}
