//! Checks of when a container starts again: after it has ended, and when its resources change.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::{Container, ContainerResizePolicy, ContainerRestartRule};

use crate::kinds::pod::typed::{list, text};
use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path};

/// How many rules a container may have.
const RULES_MAX: usize = 20;
/// How many exit codes a rule may have.
const EXIT_CODES_MAX: usize = 255;

/// Whether an init container keeps running beside the regular ones.
pub fn is_sidecar(container: &Container) -> bool {
    text(&container.restart_policy) == "Always"
}

/// Checks a container's own restart policy and its exceptions.
pub fn policy_errors(path: &Path, container: &Container) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let (at, policies) = (path.child("restartPolicy"), &["Always", "Never", "OnFailure"]);
    let rules = list(&container.restart_policy_rules);
    match container.restart_policy.as_deref() {
        None if !rules.is_empty() => {
            errors.push(FieldError::required(&at, "must specify restartPolicy when restart rules are used"));
        }
        Some(policy) if !policies.contains(&policy) => {
            errors.push(FieldError::not_supported(&at, policy, policies));
        }
        _ => {}
    }
    let path = path.child("restartPolicyRules");
    if rules.len() > RULES_MAX {
        errors.push(FieldError::too_many(&path, rules.len(), RULES_MAX));
    }
    for (i, rule) in rules.iter().enumerate() {
        errors.extend(rule_errors(&path.index(i), rule));
    }
    errors
}

/// Checks what happens to a container when its resources change.
pub fn resize_errors(path: &Path, policies: &[ContainerResizePolicy], pod_policy: &str) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, policy) in policies.iter().enumerate() {
        let resource = policy.resource_name.as_str();
        if !seen.insert(resource) {
            errors.push(FieldError::duplicate(&path.index(i), resource));
        }
        errors.extend(check::one_of(path, resource, &["cpu", "memory"]));
        errors.extend(check::one_of(path, &policy.restart_policy, &["NotRequired", "RestartContainer"]));
        if pod_policy == "Never" && policy.restart_policy != "NotRequired" {
            let detail = "must be 'NotRequired' when `restartPolicy` is 'Never'";
            errors.push(FieldError::invalid(path, policy.restart_policy.as_str(), detail));
        }
    }
    errors
}

fn rule_errors(path: &Path, rule: &ContainerRestartRule) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let (action, actions) = (rule.action.as_str(), &["Restart", "RestartAllContainers"]);
    if !actions.contains(&action) {
        errors.push(FieldError::not_supported(&path.child("action"), action, actions));
    }
    let path = path.child("exitCodes");
    let Some(codes) = &rule.exit_codes else {
        errors.push(FieldError::required(&path, "must be specified"));
        return errors;
    };
    let (operator, operators) = (codes.operator.as_str(), &["In", "NotIn"]);
    if !operators.contains(&operator) {
        errors.push(FieldError::not_supported(&path.child("operator"), operator, operators));
    }
    let values = list(&codes.values);
    if values.len() > EXIT_CODES_MAX {
        errors.push(FieldError::too_many(&path.child("values"), values.len(), EXIT_CODES_MAX));
    }
    errors
}
