//! Checks of what keeps a pod from nodes, or lets it on them: tolerations and gates.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::{PodReadinessGate, PodSchedulingGate, Toleration};
use serde_json::Value;

use crate::kinds::pod::typed::{decode, text};
use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, names};

/// Checks a list of tolerations.
pub fn toleration_errors(path: &Path, tolerations: &[Toleration]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, toleration) in tolerations.iter().enumerate() {
        let path = path.index(i);
        let (key, operator) = (text(&toleration.key), text(&toleration.operator));
        let (value, effect) = (text(&toleration.value), text(&toleration.effect));
        errors.extend(check::rule_if_given(&path.child("key"), key, names::qualified_name));
        let at = path.child("operator");
        if key.is_empty() && operator != "Exists" {
            let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            errors.push(FieldError::invalid(&at, operator, detail));
        }
        if toleration.toleration_seconds.is_some() && effect != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.push(FieldError::invalid(&path.child("effect"), effect, detail));
        }
        match operator {
            "" | "Equal" => {
                let wrong = names::label_value(value);
                if !wrong.is_empty() {
                    errors.push(FieldError::invalid(&at, value, &wrong.join(";")));
                }
            }
            "Exists" if value.is_empty() => {}
            "Exists" => {
                errors.push(FieldError::invalid(&at, value, "value must be empty when `operator` is 'Exists'"));
            }
            // Known, but nothing that a server offers without being asked to.
            "Lt" | "Gt" => errors.push(FieldError::not_supported(&at, operator, &["Equal", "Exists", "Lt", "Gt"])),
            other => errors.push(FieldError::not_supported(&at, other, &["Equal", "Exists"])),
        }
        let effects = &["NoSchedule", "PreferNoSchedule", "NoExecute"];
        if !effect.is_empty() && !effects.contains(&effect) {
            errors.push(FieldError::not_supported(&path.child("effect"), effect, effects));
        }
    }
    errors
}

/// As [`toleration_errors`], of a list that is still JSON.
pub fn toleration_value_errors(path: &Path, tolerations: &Value) -> FieldErrors {
    match decode::<Vec<Toleration>>(path, Some(tolerations)) {
        Ok(tolerations) => toleration_errors(path, &tolerations),
        Err(error) => vec![error],
    }
}

/// Checks what a pod waits for before it is scheduled.
pub fn gate_errors(path: &Path, gates: &[PodSchedulingGate]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, gate) in gates.iter().enumerate() {
        errors.extend(check::rule(&path.index(i), &gate.name, names::qualified_name));
        if !seen.insert(gate.name.as_str()) {
            errors.push(FieldError::duplicate(&path.index(i), gate.name.as_str()));
        }
    }
    errors
}

/// Checks what a pod waits for before it is ready.
pub fn readiness_errors(path: &Path, gates: &[PodReadinessGate]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, gate) in gates.iter().enumerate() {
        errors.extend(check::rule(&path.index(i).child("conditionType"), &gate.condition_type, names::qualified_name));
    }
    errors
}
