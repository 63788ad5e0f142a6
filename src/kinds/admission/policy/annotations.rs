//! The audit annotations of a ValidatingAdmissionPolicy.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::expressions::{Uses, Wanted, compile, environment};
use crate::{
    kinds::rules::check,
    object::{FieldError, FieldErrors, Path, meta, names},
    text::go_json,
};

/// How many a policy may have.
const MAX: usize = 20;
/// The longest expression of one, in bytes.
const LONGEST_EXPRESSION: usize = 5 * 1024;

/// What is wrong with them.
pub fn errors(path: &Path, policy: &Value, uses: Uses<'_>) -> FieldErrors {
    let annotations = meta::items(policy, &["spec", "auditAnnotations"]);
    let mut errors = FieldErrors::new();
    if annotations.len() > MAX {
        let shown = annotations.iter().map(|annotation| {
            json!({"Key": meta::text(annotation, &["key"]), "ValueExpression": meta::text(annotation, &["valueExpression"])})
        });
        let shown = go_json(&Value::Array(shown.collect()));
        let message = format!("Invalid value: {shown}: must not have more than {MAX} auditAnnotations");
        errors.push(FieldError { path: path.clone(), reason: "FieldValueInvalid", message });
    }
    let mut known = HashSet::new();
    for (index, annotation) in annotations.iter().enumerate() {
        let path = path.index(index);
        let key = meta::text(annotation, &["key"]);
        let at = path.child("key");
        let full = format!("{}/{key}", meta::name(policy));
        errors.extend(check::rule(&at, &full, names::qualified_name));
        if !known.insert(key) {
            errors.push(FieldError::duplicate(&at, key));
        }
        errors.extend(expression_errors(&path.child("valueExpression"), annotation, uses));
    }
    errors
}

fn expression_errors(path: &Path, annotation: &Value, uses: Uses<'_>) -> Option<FieldError> {
    let expression = meta::text(annotation, &["valueExpression"]);
    let trimmed = expression.trim();
    if trimmed.is_empty() {
        return Some(FieldError::required(path, "valueExpression is not specified"));
    }
    if trimmed.len() > LONGEST_EXPRESSION {
        let why = format!("must not exceed {}kB in length", LONGEST_EXPRESSION / 1024);
        return Some(FieldError::required(path, &why));
    }
    compile(path, expression, &environment(uses), Wanted::StringOrNull).err()
}
