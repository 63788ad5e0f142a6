//! The validations of a ValidatingAdmissionPolicy.

use serde_json::Value;

use super::expressions::{Uses, Wanted, compile, environment};
use crate::{
    kinds::rules::check,
    object::{FieldError, FieldErrors, Path, meta},
};

/// The reasons that a refusal may have.
const REASONS: [&str; 3] = ["Forbidden", "Invalid", "RequestEntityTooLarge"];

/// What is wrong with one of them.
pub fn errors(path: &Path, validation: &Value, uses: Uses<'_>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let text = |member: &str| meta::text(validation, &[member]);
    let (expression, message, made) = (text("expression"), text("message"), text("messageExpression"));
    let at = path.child("expression");
    if expression.trim().is_empty() {
        errors.push(FieldError::required(&at, "expression is not specified"));
    } else {
        errors.extend(compile(&at, expression, &environment(uses), Wanted::Bool).err());
    }
    if !made.is_empty() {
        let at = path.child("messageExpression");
        if made.trim().is_empty() {
            errors.push(FieldError::invalid(&at, made, "must be non-empty if specified"));
        } else {
            let environment = environment(Uses { authorizer: false, ..uses });
            errors.extend(compile(&at, made, &environment, Wanted::String).err());
        }
    }
    let at = path.child("message");
    if !message.is_empty() && message.trim().is_empty() {
        errors.push(FieldError::invalid(&at, message, "message must be non-empty if specified"));
    } else if message.trim().contains(['\n', '\r']) {
        errors.push(FieldError::invalid(&at, message, "must not contain line breaks"));
    }
    if let Some(reason) = check::given(validation, "reason").and_then(Value::as_str)
        && !REASONS.contains(&reason)
    {
        errors.push(FieldError::not_supported(&path.child("reason"), reason, &REASONS));
    }
    errors
}
