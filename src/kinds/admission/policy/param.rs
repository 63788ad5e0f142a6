//! Parameters: objects of a kind that a policy names, chosen by its bindings.

use serde_json::Value;

use crate::{
    kinds::{pod, rules::check},
    object::{FieldError, FieldErrors, Path, meta, names},
};

/// What is wrong with a policy's `paramKind`.
pub fn kind_errors(path: &Path, policy: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let Some(kind) = policy.get("spec").and_then(|spec| check::given(spec, "paramKind")) else { return errors };
    let api_version = meta::text(kind, &["apiVersion"]);
    let at = path.child("apiVersion");
    if api_version.is_empty() {
        errors.push(FieldError::required(&at, ""));
    } else if api_version.matches('/').count() > 1 {
        let why = format!("unexpected GroupVersion string: {api_version}");
        errors.push(FieldError::invalid(&at, api_version, &why));
    } else {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        if !group.is_empty() {
            errors.extend(check::rule(&at, group, names::dns1123_subdomain));
        }
        errors.extend(check::rule(&at, version, names::dns1035_label));
    }
    let (name, at) = (meta::text(kind, &["kind"]), path.child("kind"));
    if name.is_empty() {
        errors.push(FieldError::required(&at, ""));
    } else {
        let wrong = names::dns1035_label(&name.to_lowercase());
        errors.extend(wrong.iter().map(|why| {
            let why = format!("may have mixed case, but should otherwise match: {why}");
            FieldError::invalid(&at, name, &why)
        }));
    }
    errors
}

/// What is wrong with a binding's `paramRef`.
pub fn reference_errors(path: &Path, binding: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let Some(reference) = binding.get("spec").and_then(|spec| check::given(spec, "paramRef")) else { return errors };
    let name = meta::text(reference, &["name"]);
    let selector = check::given(reference, "selector");
    if !name.is_empty() {
        errors.extend(check::rule(&path.child("name"), name, names::path_segment));
        if selector.is_some() {
            errors.push(FieldError::forbidden(&path.child("name"), "name and selector are mutually exclusive"));
        }
    }
    if let Some(selector) = selector {
        errors.extend(pod::selector_errors(&path.child("selector"), selector));
        if !name.is_empty() {
            errors.push(FieldError::forbidden(&path.child("selector"), "name and selector are mutually exclusive"));
        }
    }
    if name.is_empty() && selector.is_none() {
        errors.push(FieldError::required(path, "one of name or selector must be specified"));
    }
    let at = path.child("parameterNotFoundAction");
    match meta::text(reference, &["parameterNotFoundAction"]) {
        "" => errors.push(FieldError::required(&at, "")),
        "Deny" | "Allow" => {}
        other => errors.push(FieldError::not_supported(&at, other, &["Deny", "Allow"])),
    }
    errors
}
