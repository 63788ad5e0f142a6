//! Checks of claims: of the template of a volume's own claim for storage, and of the pod's claims for devices.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::{EphemeralVolumeSource, PersistentVolumeClaimTemplate, PodResourceClaim};

use crate::kinds::pod::{go_layout, validate::labels};
use crate::kinds::rules::{check, go_struct};
use crate::kinds::storage::claim_spec;
use crate::object::{FieldError, FieldErrors, Path, names};

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
            errors.push(FieldError::invalid(&path, go_struct::show(claim, go_layout::POD_RESOURCE_CLAIM), detail));
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
    errors.extend(claim_spec::errors(&path.child("spec"), &template.spec));
    errors
}
