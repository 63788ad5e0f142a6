//! Checks of what a job makes of pods that fail.

use std::collections::HashSet;

use serde_json::Value;

use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, meta, names};

/// The most rules, and the most conditions of one.
const RULES_MAX: usize = 20;
/// The most exit codes of a rule.
const CODES_MAX: usize = 255;

/// Checks the policy of a job with this spec.
pub fn errors(path: &Path, policy: &Value, spec: &Value) -> FieldErrors {
    let path = path.child("rules");
    let rules = meta::items(policy, &["rules"]);
    let mut errors = FieldErrors::new();
    if rules.len() > RULES_MAX {
        errors.push(FieldError::too_many(&path, rules.len(), RULES_MAX));
    }
    let containers = ["containers", "initContainers"].map(|list| meta::items(spec, &["template", "spec", list]));
    let names: HashSet<_> =
        containers.into_iter().flatten().map(|container| meta::text(container, &["name"])).collect();
    for (i, rule) in rules.iter().enumerate() {
        errors.extend(rule_errors(&path.index(i), rule, spec, &names));
    }
    errors
}

fn rule_errors(path: &Path, rule: &Value, spec: &Value, containers: &HashSet<&str>) -> FieldErrors {
    let actions = &["Count", "FailIndex", "FailJob", "Ignore"];
    let action = meta::text(rule, &["action"]);
    let at = path.child("action");
    let mut errors = FieldErrors::new();
    if action.is_empty() {
        errors.push(FieldError::required(&at, &format!("valid values: {}", quoted(actions))));
    } else if action == "FailIndex" {
        if check::given(spec, "backoffLimitPerIndex").is_none() {
            errors.push(FieldError::invalid(&at, action, "requires the backoffLimitPerIndex to be set"));
        }
    } else if !actions.contains(&action) {
        errors.push(FieldError::not_supported(&at, action, actions));
    }
    let codes = check::given(rule, "onExitCodes");
    if let Some(codes) = codes {
        errors.extend(code_errors(&path.child("onExitCodes"), codes, containers));
    }
    let conditions = meta::items(rule, &["onPodConditions"]);
    errors.extend(condition_errors(&path.child("onPodConditions"), conditions));
    let detail = match (codes.is_some(), conditions.is_empty()) {
        (true, false) => "specifying both OnExitCodes and OnPodConditions is not supported",
        (false, true) => "specifying one of OnExitCodes and OnPodConditions is required",
        _ => return errors,
    };
    errors.push(FieldError::invalid_whole(path, detail));
    errors
}

fn condition_errors(path: &Path, conditions: &[Value]) -> FieldErrors {
    let states = &["False", "True", "Unknown"];
    let mut errors = FieldErrors::new();
    if conditions.len() > RULES_MAX {
        errors.push(FieldError::too_many(path, conditions.len(), RULES_MAX));
    }
    for (i, condition) in conditions.iter().enumerate() {
        let (path, at) = (path.index(i), path.index(i).child("status"));
        let kind = meta::text(condition, &["type"]);
        errors.extend(check::rule(&path.child("type"), kind, names::qualified_name));
        match meta::text(condition, &["status"]) {
            "" => errors.push(FieldError::required(&at, &format!("valid values: {}", quoted(states)))),
            state if !states.contains(&state) => errors.push(FieldError::not_supported(&at, state, states)),
            _ => {}
        }
    }
    errors
}

fn code_errors(path: &Path, codes: &Value, containers: &HashSet<&str>) -> FieldErrors {
    let operators = &["In", "NotIn"];
    let operator = meta::text(codes, &["operator"]);
    let at = path.child("operator");
    let mut errors = FieldErrors::new();
    if operator.is_empty() {
        errors.push(FieldError::required(&at, &format!("valid values: {}", quoted(operators))));
    } else if !operators.contains(&operator) {
        errors.push(FieldError::not_supported(&at, operator, operators));
    }
    if let Some(name) = codes.get("containerName").and_then(Value::as_str).filter(|name| !containers.contains(name)) {
        let detail = "must be one of the container or initContainer names in the pod template";
        errors.push(FieldError::invalid(&path.child("containerName"), name, detail));
    }
    let path = path.child("values");
    let values: Vec<_> = meta::items(codes, &["values"]).iter().filter_map(Value::as_i64).collect();
    let shown = || if codes.get("values").is_none() { Value::Null } else { values.clone().into() };
    if values.is_empty() {
        errors.push(FieldError::invalid(&path, shown(), "at least one value is required"));
    } else if values.len() > CODES_MAX {
        errors.push(FieldError::too_many(&path, values.len(), CODES_MAX));
    }
    let mut seen = HashSet::new();
    for (i, value) in values.iter().enumerate() {
        if operator == "In" && *value == 0 {
            errors.push(FieldError::invalid(&path.index(i), 0, "must not be 0 for the In operator"));
        }
        if !seen.insert(value) {
            errors.push(FieldError::duplicate(&path.index(i), *value));
        }
    }
    if !values.is_sorted() {
        errors.push(FieldError::invalid(&path, shown(), "must be ordered"));
    }
    errors
}

/// A list as Go prints it with `%q`.
fn quoted(values: &[&str]) -> String {
    format!("[{}]", values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(" "))
}
