//! Match conditions: expressions that must all hold before a webhook or a policy is asked.

use std::collections::HashSet;

use serde_json::Value;

use super::expressions::{MATCH_CONDITION, condition_error};
use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, meta, names};

/// The most conditions that a webhook or a policy may have.
const MAX: usize = 64;

/// What is wrong with the `matchConditions` of an object.
pub fn errors(path: &Path, object: &Value) -> FieldErrors {
    let conditions = meta::items(object, &["matchConditions"]);
    let mut errors = FieldErrors::new();
    if conditions.len() > MAX {
        errors.push(FieldError::too_many(path, conditions.len(), MAX));
    }
    let mut known = HashSet::new();
    for (i, condition) in conditions.iter().enumerate() {
        let path = path.index(i);
        let (name, expression) = (meta::text(condition, &["name"]), meta::text(condition, &["expression"]).trim());
        let at = path.child("expression");
        if expression.is_empty() {
            errors.push(FieldError::required(&at, ""));
        } else {
            errors.extend(condition_error(&at, expression, &MATCH_CONDITION));
        }
        errors.extend(check::required_rule(&path.child("name"), name, names::qualified_name));
        if !name.is_empty() && !known.insert(name) {
            errors.push(FieldError::duplicate(&path.child("name"), name));
        }
    }
    errors
}
