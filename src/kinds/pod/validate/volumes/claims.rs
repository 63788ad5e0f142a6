//! Checks of claims: of the template of a volume's own claim for storage, and of the pod's claims for devices.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::{
    EphemeralVolumeSource, PersistentVolumeClaimSpec, PersistentVolumeClaimTemplate, PodResourceClaim,
    TypedLocalObjectReference, TypedObjectReference,
};

use crate::kinds::pod::{
    go,
    typed::{list, text},
    validate::labels,
};
use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, meta::Object, names};
use crate::text::quantity::nanos;

/// Checks a volume that makes a claim for itself.
pub fn errors(path: &Path, volume: &EphemeralVolumeSource) -> FieldErrors {
    let path = path.child("volumeClaimTemplate");
    match &volume.volume_claim_template {
        None => vec![FieldError::required(&path, "")],
        Some(template) => template_errors(&path, template),
    }
}

/// The claim is called after the pod and the volume.
pub fn name_errors(path: &Path, pod_name: Option<&str>, volume: &str) -> FieldErrors {
    let Some(pod) = pod_name.filter(|_| !volume.is_empty()) else { return FieldErrors::new() };
    let name = format!("{pod}-{volume}");
    let wrong = names::dns1123_subdomain(&name);
    wrong.iter().map(|wrong| FieldError::invalid(path, volume, &format!("PVC name \"{name}\": {wrong}"))).collect()
}

/// Checks the pod's claims for devices.
pub fn device_errors(path: &Path, claims: &[PodResourceClaim]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, claim) in claims.iter().enumerate() {
        let path = path.index(i);
        let name = claim.name.as_str();
        if seen.contains(name) {
            errors.push(FieldError::duplicate(&path.child("name"), name));
        } else {
            errors.extend(check::required_rule(&path.child("name"), name, names::dns1123_label));
            if !name.is_empty() {
                seen.insert(name);
            }
        }
        let detail = match (&claim.resource_claim_name, &claim.resource_claim_template_name) {
            (Some(_), Some(_)) => "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
            (None, None) => "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
            _ => "",
        };
        if !detail.is_empty() {
            errors.push(FieldError::invalid(
                &path,
                go::show(claim, crate::kinds::pod::go_layout::POD_RESOURCE_CLAIM),
                detail,
            ));
        }
        for (member, value) in [
            ("resourceClaimName", &claim.resource_claim_name),
            ("resourceClaimTemplateName", &claim.resource_claim_template_name),
        ] {
            let value = value.iter();
            errors.extend(value.flat_map(|value| check::rule(&path.child(member), value, names::dns1123_subdomain)));
        }
    }
    errors
}

fn template_errors(path: &Path, template: &PersistentVolumeClaimTemplate) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if let Some(metadata) = &template.metadata {
        let path = path.child("metadata");
        errors.extend(labels::annotation_errors(&path.child("annotations"), &metadata.annotations));
        errors.extend(labels::errors(&path.child("labels"), &metadata.labels));
        let given = [
            ("name", metadata.name.is_some()),
            ("generateName", metadata.generate_name.is_some()),
            ("namespace", metadata.namespace.is_some()),
            ("selfLink", metadata.self_link.is_some()),
            ("uID", metadata.uid.is_some()),
            ("resourceVersion", metadata.resource_version.is_some()),
            ("generation", metadata.generation.is_some()),
            ("creationTimestamp", metadata.creation_timestamp.is_some()),
            ("deletionTimestamp", metadata.deletion_timestamp.is_some()),
            ("deletionGracePeriodSeconds", metadata.deletion_grace_period_seconds.is_some()),
            ("ownerReferences", metadata.owner_references.is_some()),
            ("finalizers", metadata.finalizers.is_some()),
            ("managedFields", metadata.managed_fields.is_some()),
        ];
        let refused = given.into_iter().filter(|(_, given)| *given);
        errors.extend(refused.map(|(member, _)| FieldError::forbidden(&path.child(member), "cannot be set")));
    }
    errors.extend(spec_errors(&path.child("spec"), &template.spec));
    errors
}

fn spec_errors(path: &Path, spec: &PersistentVolumeClaimSpec) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let modes = list(&spec.access_modes);
    let at = path.child("accessModes");
    if modes.is_empty() {
        errors.push(FieldError::required(&at, "at least 1 access mode is required"));
    }
    if let Some(selector) = &spec.selector {
        errors.extend(labels::selector_errors(&path.child("selector"), selector));
    }
    let supported = &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
    let unknown = modes.iter().filter(|mode| !supported.contains(&mode.as_str()));
    errors.extend(unknown.map(|mode| FieldError::not_supported(&at, mode.as_str(), supported)));
    let shared = modes.iter().any(|mode| supported[..3].contains(&mode.as_str()));
    if shared && modes.iter().any(|mode| mode == "ReadWriteOncePod") {
        errors.push(FieldError::forbidden(&at, "may not use ReadWriteOncePod with other access modes"));
    }
    errors.extend(storage_errors(&path.child("resources").key("storage"), spec));
    let class = text(&spec.storage_class_name);
    errors.extend(check::rule_if_given(&path.child("storageClassName"), class, names::dns1123_subdomain));
    let kinds = &["Block", "Filesystem"];
    if let Some(mode) = spec.volume_mode.as_deref().filter(|mode| !kinds.contains(mode)) {
        errors.push(FieldError::not_supported(&path.child("volumeMode"), mode, kinds));
    }
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
