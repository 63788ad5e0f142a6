//! Checks of quotas.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{
    kinds::{
        quota::scopes,
        rules::resources::{amount_errors, is_quota_of_huge_pages, name_errors},
    },
    object::{FieldError, FieldErrors, Path, meta},
};

/// What is wrong with the spec.
pub fn spec_errors(spec: &Value) -> FieldErrors {
    let path = Path::new("spec");
    let hard = sorted(spec, "hard");
    let mut errors = list_errors(&path.child("hard"), &hard);
    let standard: Vec<_> = hard.iter().map(|(name, _)| name.as_str()).filter(|name| is_standard(name)).collect();
    errors.extend(scope_errors(&path.child("scopes"), spec, &standard));
    if let Some(selector) = spec.get("scopeSelector").filter(|selector| !selector.is_null()) {
        let shown = scopes_shown(spec);
        errors.extend(selector_errors(
            &path.child("scopeSelector").child("matchExpressions"),
            selector,
            &shown,
            &standard,
        ));
    }
    errors
}

/// What is wrong with the status.
pub fn status_errors(status: &Value) -> FieldErrors {
    let path = Path::new("status");
    let lists = ["hard", "used"].into_iter();
    lists.flat_map(|list| list_errors(&path.child(list), &sorted(status, list))).collect()
}

/// The scopes of a quota stay what they are.
pub fn change_of_scopes(new: Value, old: &Value) -> Option<FieldError> {
    let set = |scopes: &Value| {
        scopes.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let changed = set(&new) != set(old);
    changed.then(|| FieldError::invalid(&Path::new("spec").child("scopes"), new, "field is immutable"))
}

/// Scopes that exclude each other.
const CONFLICTS: [[&str; 2]; 2] = [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]];

/// Quotas without a domain in front.
const STANDARD: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.nodeports",
    "services.loadbalancers",
];

/// How many errors may show a whole list, so that what a long list costs does not grow with its square.
const WHOLE_MAX: usize = 64;

/// What of pods can be counted in a scope.
const OF_PODS: &[&str] = &["pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];

fn is_standard(name: &str) -> bool {
    STANDARD.contains(&name) || is_quota_of_huge_pages(name)
}

fn can_be_in_scope(name: &str, scope: &str) -> bool {
    match scope {
        scopes::BEST_EFFORT => name == "pods",
        scopes::VOLUME_ATTRIBUTES_CLASS => ["persistentvolumeclaims", "requests.storage"].contains(&name),
        scope if scopes::ALL.contains(&scope) => OF_PODS.contains(&name),
        _ => true,
    }
}

fn sorted<'a>(parent: &'a Value, list: &str) -> Vec<(&'a String, &'a Value)> {
    let mut amounts: Vec<_> = meta::map(parent, &[list]).into_iter().flatten().collect();
    amounts.sort_by_key(|(name, _)| *name);
    amounts
}

fn list_errors(path: &Path, amounts: &[(&String, &Value)]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (name, amount) in amounts {
        let path = path.key(name);
        errors.extend(name_errors(&path, name));
        if !name.contains('/') && !is_standard(name) {
            errors.push(FieldError::invalid(&path, name.as_str(), "must be a standard resource for quota"));
        }
        errors.extend(amount_errors(&path, name, amount.as_str().unwrap_or_default()));
    }
    errors
}

/// The scopes as errors show them.
fn scopes_shown(spec: &Value) -> Value {
    spec.get("scopes").cloned().unwrap_or(Value::Null)
}

fn scope_errors(path: &Path, spec: &Value, standard: &[&str]) -> FieldErrors {
    let scopes: Vec<_> = meta::items(spec, &["scopes"]).iter().filter_map(Value::as_str).collect();
    let shown = scopes_shown(spec);
    let mut errors = FieldErrors::new();
    let mut left = WHOLE_MAX;
    let mut refuse = |errors: &mut FieldErrors, detail| errors.extend(whole_error(path, &shown, detail, &mut left));
    for scope in &scopes {
        if !scopes::ALL.contains(scope) {
            refuse(&mut errors, "unsupported scope");
        }
        for _ in 0..misplaced(standard, scope) {
            refuse(&mut errors, "unsupported scope applied to resource");
        }
    }
    for _ in conflicts(&scopes) {
        errors.extend(whole_error(path, &shown, "conflicting scopes", &mut 1));
    }
    errors
}

fn selector_errors(path: &Path, selector: &Value, scopes_shown: &Value, standard: &[&str]) -> FieldErrors {
    let shown = in_go(selector);
    let mut errors = FieldErrors::new();
    let mut left = WHOLE_MAX;
    let mut named = Vec::new();
    for requirement in meta::items(selector, &["matchExpressions"]) {
        let scope = meta::text(requirement, &["scopeName"]);
        if !scopes::ALL.contains(&scope) {
            errors.push(FieldError::invalid(&path.child("scopeName"), scope, "unsupported scope"));
        }
        for _ in 0..misplaced(standard, scope) {
            errors.extend(whole_error(path, &shown, "unsupported scope applied to resource", &mut left));
        }
        errors.extend(requirement_errors(path, requirement, scope));
        named.push(scope);
    }
    for _ in conflicts(&named) {
        errors.extend(whole_error(path, scopes_shown, "conflicting scopes", &mut 1));
    }
    errors
}

/// An error that shows a whole list. There are at most so many of them as are left.
fn whole_error(path: &Path, shown: &Value, detail: &str, left: &mut usize) -> Option<FieldError> {
    *left = left.checked_sub(1)?;
    Some(FieldError::invalid(path, shown.clone(), detail))
}

/// How many of the resources cannot be limited in a scope; of many, the first few.
fn misplaced(standard: &[&str], scope: &str) -> usize {
    let is_known = scopes::ALL.contains(&scope);
    let misplaced = standard.iter().filter(|name| is_known && !can_be_in_scope(name, scope));
    misplaced.take(WHOLE_MAX).count()
}

fn requirement_errors(path: &Path, requirement: &Value, scope: &str) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let operator = meta::text(requirement, &["operator"]);
    let takes_values = [scopes::PRIORITY_CLASS, scopes::VOLUME_ATTRIBUTES_CLASS].contains(&scope);
    if scopes::ALL.contains(&scope) && !takes_values && operator != "Exists" {
        let detail = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, \
                      ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or \
                      ResourceQuotaScopeCrossNamespacePodAffinity";
        errors.push(FieldError::invalid(&path.child("operator"), operator, detail));
    }
    let has_values = !meta::items(requirement, &["values"]).is_empty();
    match operator {
        "In" | "NotIn" if !has_values => {
            let detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
            errors.push(FieldError::required(&path.child("values"), detail));
        }
        "Exists" | "DoesNotExist" if has_values => {
            let detail = "must be no value when `operator` is 'Exists' or 'DoesNotExist' for scope selector";
            let values = requirement.get("values").cloned().unwrap_or_default();
            errors.push(FieldError::invalid(&path.child("values"), values, detail));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        _ => errors.push(FieldError::invalid(&path.child("operator"), operator, "not a valid selector operator")),
    }
    errors
}

fn conflicts(scopes: &[&str]) -> impl Iterator<Item = [&'static str; 2]> {
    CONFLICTS.into_iter().filter(|pair| pair.iter().all(|scope| scopes.contains(scope)))
}

/// A selector as Go writes its own struct.
fn in_go(selector: &Value) -> Value {
    let requirements = meta::items(selector, &["matchExpressions"]).iter().map(|requirement| {
        let members = [("ScopeName", "scopeName"), ("Operator", "operator"), ("Values", "values")];
        let members =
            members.map(|(name, member)| (name.to_owned(), requirement.get(member).cloned().unwrap_or_default()));
        Value::Object(Map::from_iter(members))
    });
    let requirements = Value::Array(requirements.collect());
    Value::Object(Map::from_iter([("MatchExpressions".to_owned(), requirements)]))
}
