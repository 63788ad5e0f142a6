//! The rules of `x-kubernetes-validations`: what can be said of them without compiling their expressions.

use serde_json::Value;

use super::{
    paths,
    walk::{Walk, schemas, text},
};
use crate::{
    object::{FieldErrors, GroupVersionKind, Path},
    schema::custom_kind,
    validations::Validations,
};

/// The reasons that a rule may give.
const REASONS: [&str; 4] = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/// Checks the rules of a schema, their expressions aside.
pub fn errors(walk: &mut Walk, of: &Value) {
    for (index, rule) in schemas(of, "x-kubernetes-validations").iter().enumerate() {
        walk.below(&format!(".x-kubernetes-validations[{index}]"), |walk| plain(walk, of, rule));
    }
}

/// What is wrong with the expressions of a schema of which nothing else is wrong.
pub fn uncompiled(schema: &Value, path: &Path) -> FieldErrors {
    let any = GroupVersionKind::new("", "", "");
    match custom_kind(&any, &any, Some(schema)) {
        Ok(kind) => Validations::compile(&kind.object, path).1,
        Err(_) => FieldErrors::new(),
    }
}

fn plain(walk: &mut Walk, of: &Value, rule: &Value) {
    let has_line_breaks = |text: &str| text.contains(['\n', '\r']);
    let (expression, message) = (text(rule, "rule").trim(), text(rule, "message"));
    if expression.is_empty() {
        walk.required("rule", "rule is not specified");
    } else if !message.is_empty() && message.trim().is_empty() {
        walk.invalid("message", message, "must be non-empty if specified");
    } else if has_line_breaks(message.trim()) {
        walk.invalid("message", message, "must not contain line breaks");
    } else if has_line_breaks(expression) && message.trim().is_empty() {
        walk.required("message", "message must be specified if rule contains line breaks");
    }
    let message = text(rule, "messageExpression");
    if !message.is_empty() && message.trim().is_empty() {
        walk.required("messageExpression", "messageExpression must be non-empty if specified");
    }
    let reason = rule.get("reason").and_then(Value::as_str);
    if let Some(reason) = reason.filter(|reason| !REASONS.contains(reason)) {
        walk.unsupported("reason", reason, &REASONS);
    }
    let path = text(rule, "fieldPath");
    if !path.is_empty() && path.trim().is_empty() {
        walk.invalid("fieldPath", path, "must be non-empty if specified");
    }
    if has_line_breaks(path) {
        walk.invalid("fieldPath", path, "must not contain line breaks");
    }
    if !path.is_empty() && super::unsupported::find(of).is_none() && paths::find(path, of, true).is_err() {
        walk.invalid("fieldPath", path, "must be a valid path");
    }
}
