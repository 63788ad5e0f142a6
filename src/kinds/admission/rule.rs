//! Rules: which requests a webhook or a policy is for.

use std::collections::HashSet;

use serde_json::Value;

use crate::kinds::rules::{check, fill};
use crate::object::{FieldError, FieldErrors, Path, meta, meta::Object};

const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const SCOPES: [&str; 3] = ["*", "Cluster", "Namespaced"];

/// Fills in what a rule leaves out.
pub fn default(rule: &mut Object) {
    fill::null(rule, "scope", "*");
}

/// What is wrong with a rule.
pub fn errors(path: &Path, rule: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let operations = list(rule, "operations");
    let at = path.child("operations");
    errors.extend(wildcard_errors(&at, &operations, "operations"));
    for (i, operation) in operations.iter().enumerate().filter(|(_, operation)| !OPERATIONS.contains(operation)) {
        errors.push(FieldError::not_supported(&at.index(i), *operation, &OPERATIONS));
    }
    errors.extend(wildcard_errors(&path.child("apiGroups"), &list(rule, "apiGroups"), "API groups"));
    let versions = list(rule, "apiVersions");
    let at = path.child("apiVersions");
    errors.extend(wildcard_errors(&at, &versions, "API versions"));
    let empty = versions.iter().enumerate().filter(|(_, version)| version.is_empty());
    errors.extend(empty.map(|(i, _)| FieldError::required(&at.index(i), "")));
    errors.extend(resource_errors(&path.child("resources"), &list(rule, "resources")));
    if let Some(scope) = check::given(rule, "scope").and_then(Value::as_str).filter(|scope| !SCOPES.contains(scope)) {
        errors.push(FieldError::not_supported(&path.child("scope"), scope, &SCOPES));
    }
    errors
}

fn list<'a>(rule: &'a Value, member: &str) -> Vec<&'a str> {
    meta::items(rule, &[member]).iter().map(|item| item.as_str().unwrap_or_default()).collect()
}

/// A list has to name something, and nothing beside everything.
fn wildcard_errors(path: &Path, list: &[&str], what: &str) -> Option<FieldError> {
    if list.is_empty() {
        return Some(FieldError::required(path, ""));
    }
    let detail = || format!("if '*' is present, must not specify other {what}");
    (list.len() > 1 && list.contains(&"*")).then(|| FieldError::invalid(path, list.to_vec(), &detail()))
}

fn resource_errors(path: &Path, resources: &[&str]) -> FieldErrors {
    if resources.is_empty() {
        return vec![FieldError::required(path, "")];
    }
    let mut errors = FieldErrors::new();
    let (mut whole, mut everywhere) = (HashSet::new(), HashSet::new());
    let mut names_a_resource = false;
    for (i, named) in resources.iter().enumerate() {
        let at = path.index(i);
        if named.is_empty() {
            errors.push(FieldError::required(&at, ""));
            continue;
        }
        let Some((resource, subresource)) = named.split_once('/') else {
            names_a_resource = *named != "*";
            continue;
        };
        if whole.contains(resource) {
            let detail = format!("if '{resource}/*' is present, must not specify {named}");
            errors.push(FieldError::invalid(&at, *named, &detail));
        }
        if everywhere.contains(subresource) {
            let detail = format!("if '*/{subresource}' is present, must not specify {named}");
            errors.push(FieldError::invalid(&at, *named, &detail));
        }
        if subresource == "*" {
            whole.insert(resource);
        }
        if resource == "*" {
            everywhere.insert(subresource);
        }
    }
    if resources.len() > 1 && resources.contains(&"*/*") {
        let detail = "if '*/*' is present, must not specify other resources";
        errors.push(FieldError::invalid(path, resources.to_vec(), detail));
    }
    if resources.contains(&"*") && names_a_resource {
        let detail = "if '*' is present, must not specify other resources without subresources";
        errors.push(FieldError::invalid(path, resources.to_vec(), detail));
    }
    errors
}
