//! The spec of a claim for storage, wherever it is: in a claim of its own, in a pod's volume, in a StatefulSet.

use k8s_openapi::api::core::v1::{PersistentVolumeClaimSpec, TypedLocalObjectReference, TypedObjectReference};
use serde_json::{Value, json};

use super::access_modes;
use crate::kinds::pod::{
    typed::{list, text},
    validate::labels,
};
use crate::kinds::rules::{check, fill};
use crate::object::{
    FieldError, FieldErrors, Path,
    meta::{self, Object},
    names,
};
use crate::text::quantity::nanos;

/// Fills in what a decoder fills in.
pub fn default(spec: &mut Object) {
    fill::null(spec, "volumeMode", "Filesystem");
}

/// Drops what this server does not offer and makes the two fields for what a new volume is filled from agree.
pub fn prepare(spec: &mut Object, old: Option<&Value>) {
    let used = |member: &str| old.is_some_and(|old| check::given(old, member).is_some());
    let (had_source, had_reference) = (used("dataSource"), used("dataSourceRef"));
    if !had_reference {
        fill::inside(spec, "dataSourceRef", |reference| {
            reference.shift_remove("namespace");
        });
    }
    let is_old_kind = |source: &Value| {
        let text = |member: &str| meta::text(source, &[member]);
        matches!(
            (text("kind"), text("apiGroup")),
            ("PersistentVolumeClaim", "") | ("VolumeSnapshot", "snapshot.storage.k8s.io")
        )
    };
    let source = spec.get("dataSource").filter(|source| !source.is_null()).cloned();
    let source = source.filter(|source| had_source || had_reference || is_old_kind(source));
    if source.is_none() {
        spec.shift_remove("dataSource");
    }
    let reference = spec.get("dataSourceRef").filter(|reference| !reference.is_null()).cloned();
    match (source, reference) {
        (Some(source), None) => {
            spec.insert("dataSourceRef".to_owned(), copied(&source));
        }
        (None, Some(reference)) if meta::text(&reference, &["namespace"]).is_empty() => {
            spec.insert("dataSource".to_owned(), copied(&reference));
        }
        _ => {}
    }
}

fn copied(source: &Value) -> Value {
    let mut copy = json!({});
    for member in ["apiGroup", "kind", "name"] {
        if let Some(value) = check::given(source, member) {
            copy[member] = value.clone();
        }
    }
    copy
}

/// Checks a claim's spec.
pub fn errors(path: &Path, spec: &PersistentVolumeClaimSpec) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let modes = list(&spec.access_modes);
    let at = path.child("accessModes");
    if modes.is_empty() {
        errors.push(FieldError::required(&at, "at least 1 access mode is required"));
    }
    if let Some(selector) = &spec.selector {
        errors.extend(labels::selector_errors(&path.child("selector"), selector));
    }
    errors.extend(access_modes::errors(&at, modes));
    errors.extend(storage_errors(&path.child("resources").key("storage"), spec));
    let class = text(&spec.storage_class_name);
    errors.extend(check::rule_if_given(&path.child("storageClassName"), class, names::dns1123_subdomain));
    errors.extend(access_modes::volume_mode_error(&path.child("volumeMode"), spec.volume_mode.as_deref()));
    errors.extend(source_errors(path, spec));
    let class = text(&spec.volume_attributes_class_name);
    errors.extend(check::rule_if_given(&path.child("volumeAttributesClassName"), class, names::dns1123_subdomain));
    errors
}

fn storage_errors(path: &Path, spec: &PersistentVolumeClaimSpec) -> Option<FieldError> {
    let requests = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    match requests.and_then(|requests| requests.get("storage")) {
        None => Some(FieldError::required(path, "")),
        Some(amount) => nanos(&amount.0)
            .filter(|value| *value <= 0)
            .map(|_| FieldError::invalid(path, amount.0.as_str(), "must be greater than zero")),
    }
}

/// Checks what the new volume is filled from; the old and the new field for it have to agree.
fn source_errors(path: &Path, spec: &PersistentVolumeClaimSpec) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if let Some(source) = &spec.data_source {
        errors.extend(reference_errors(&path.child("dataSource"), &source.api_group, &source.kind, &source.name));
    }
    if let Some(source) = &spec.data_source_ref {
        let path = path.child("dataSourceRef");
        errors.extend(reference_errors(&path, &source.api_group, &source.kind, &source.name));
        let namespace = text(&source.namespace);
        errors.extend(check::rule_if_given(&path.child("namespace"), namespace, names::dns1123_label));
    }
    if let (Some(old), Some(new)) = (&spec.data_source, &spec.data_source_ref) {
        // The server prints a path here, which shows nothing of itself.
        let shown = Object::new();
        if !text(&new.namespace).is_empty() {
            let detail = "may not be specified when dataSourceRef.namespace is specified";
            errors.push(FieldError::invalid(path, shown, detail));
        } else if !same_source(old, new) {
            errors.push(FieldError::invalid(path, shown, "must match dataSourceRef"));
        }
    }
    errors
}

fn same_source(old: &TypedLocalObjectReference, new: &TypedObjectReference) -> bool {
    (&old.api_group, &old.kind, &old.name) == (&new.api_group, &new.kind, &new.name)
}

fn reference_errors(path: &Path, group: &Option<String>, kind: &str, name: &str) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (member, value) in [("name", name), ("kind", kind)] {
        if value.is_empty() {
            errors.push(FieldError::required(&path.child(member), ""));
        }
    }
    let group = text(group);
    if group.is_empty() && kind != "PersistentVolumeClaim" {
        errors.push(FieldError::invalid(
            path,
            kind,
            "must be 'PersistentVolumeClaim' when referencing the default apiGroup",
        ));
    }
    errors.extend(check::rule_if_given(&path.child("apiGroup"), group, names::dns1123_subdomain));
    errors
}
