//! Match conditions: expressions that must all hold before a webhook is called or a policy is evaluated.

use std::collections::HashSet;

use serde_json::Value;

use super::policy::expressions::{self, Uses, Wanted};
use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, meta, names};

/// The most conditions that a webhook or a policy may have.
const MAX: usize = 64;

/// What is wrong with the `matchConditions` of an object.
pub fn errors(path: &Path, object: &Value, uses: Uses<'_>) -> FieldErrors {
    let environment = expressions::environment(uses);
    let conditions = meta::items(object, &["matchConditions"]);
    let mut errors = FieldErrors::new();
    if conditions.len() > MAX {
        errors.push(FieldError::too_many(path, conditions.len(), MAX));
    }
    let mut known = HashSet::new();
    for (i, condition) in conditions.iter().enumerate() {
        let path = path.index(i);
        let (name, expression) = (meta::text(condition, &["name"]), meta::text(condition, &["expression"]).trim());
        if expression.is_empty() {
            errors.push(FieldError::required(&path.child("expression"), ""));
        } else {
            let text = meta::text(condition, &["expression"]);
            errors.extend(expressions::compile(&path.child("expression"), text, &environment, Wanted::Bool).err());
        }
        errors.extend(check::required_rule(&path.child("name"), name, names::qualified_name));
        if !name.is_empty() && !known.insert(name) {
            errors.push(FieldError::duplicate(&path.child("name"), name));
        }
    }
    errors
}
