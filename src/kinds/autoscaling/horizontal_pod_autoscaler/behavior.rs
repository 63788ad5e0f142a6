//! How fast the number of pods changes.

use serde_json::{Value, json};

use crate::kinds::rules::{check, fill};
use crate::object::{
    FieldError, FieldErrors, Path,
    meta::{self, Object},
};
use crate::text::quantity::nanos;

/// The most seconds that are looked back.
const WINDOW_MAX: i64 = 3600;
/// The most seconds of a policy's period.
const PERIOD_MAX: i64 = 1800;

/// Fills in what a behavior leaves open.
pub fn default(behavior: &mut Object) {
    let percent = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
    let pods = json!({"type": "Pods", "value": 4, "periodSeconds": 15});
    for (direction, policies) in [("scaleUp", json!([pods, percent])), ("scaleDown", json!([percent]))] {
        fill::null(behavior, direction, json!({}));
        fill::inside(behavior, direction, |rules| {
            if direction == "scaleUp" {
                fill::null(rules, "stabilizationWindowSeconds", 0);
            }
            fill::null(rules, "selectPolicy", "Max");
            fill::null(rules, "policies", policies);
        });
    }
}

/// Checks a behavior.
pub fn errors(path: &Path, behavior: &Value) -> FieldErrors {
    let directions = ["scaleUp", "scaleDown"].into_iter();
    let rules = directions.filter_map(|name| Some((path.child(name), check::given(behavior, name)?)));
    rules.flat_map(|(path, rules)| rule_errors(&path, rules)).collect()
}

fn rule_errors(path: &Path, rules: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if let Some(window) = rules.get("stabilizationWindowSeconds").and_then(Value::as_i64) {
        let at = path.child("stabilizationWindowSeconds");
        if window < 0 {
            errors.push(FieldError::invalid(&at, window, "must be greater than or equal to zero"));
        }
        if window > WINDOW_MAX {
            errors.push(FieldError::invalid(&at, window, &format!("must be less than or equal to {WINDOW_MAX}")));
        }
    }
    let known = &["Disabled", "Max", "Min"];
    if let Some(select) = rules.get("selectPolicy").and_then(Value::as_str).filter(|name| !known.contains(name)) {
        errors.push(FieldError::not_supported(&path.child("selectPolicy"), select, known));
    }
    let (at, policies) = (path.child("policies"), meta::items(rules, &["policies"]));
    if policies.is_empty() {
        errors.push(FieldError::required(&at, "must specify at least one Policy"));
    }
    for (i, policy) in policies.iter().enumerate() {
        errors.extend(policy_errors(&at.index(i), policy));
    }
    let tolerance = meta::text(rules, &["tolerance"]);
    if nanos(tolerance).is_some_and(|value| value < 0) {
        let detail = "must be greater than or equal to 0";
        errors.push(FieldError::invalid(&path.child("tolerance"), tolerance, detail));
    }
    errors
}

fn policy_errors(path: &Path, policy: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let (kind, known) = (meta::text(policy, &["type"]), &["Percent", "Pods"]);
    if !known.contains(&kind) {
        errors.push(FieldError::not_supported(&path.child("type"), kind, known));
    }
    for member in ["value", "periodSeconds"] {
        let number = check::integer(policy, member);
        let path = path.child(member);
        if number <= 0 {
            errors.push(FieldError::invalid(&path, number, "must be greater than zero"));
        }
        if member == "periodSeconds" && number > PERIOD_MAX {
            errors.push(FieldError::invalid(&path, number, &format!("must be less than or equal to {PERIOD_MAX}")));
        }
    }
    errors
}
