//! Checks of a template that pods are made from.

use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::Value;

use super::{super::typed, annotations, labels};
use crate::object::{FieldError, FieldErrors, Path, meta};

/// Checks a template. What is wrong with its labels and annotations is at the template itself.
pub fn errors(path: &Path, value: &Value) -> FieldErrors {
    let template: PodTemplateSpec = match typed::decode(path, Some(value)) {
        Ok(template) => template,
        Err(error) => return vec![error],
    };
    let metadata = template.metadata.unwrap_or_default();
    let spec = template.spec.unwrap_or_default();
    let (at, given) = (path.child("annotations"), meta::map(value, &["metadata", "annotations"]));
    let mut errors = labels::errors(&path.child("labels"), &metadata.labels);
    errors.extend(labels::annotation_errors(&at, &metadata.annotations));
    errors.extend(annotations::errors(&at, given, &spec));
    let path = path.child("spec");
    errors.extend(super::spec_errors(&path, &spec, None));
    errors.extend(annotations::agreement_errors(&path, given, &spec));
    if spec.ephemeral_containers.is_some_and(|containers| !containers.is_empty()) {
        let detail = "ephemeral containers not allowed in pod template";
        errors.push(FieldError::forbidden(&path.child("ephemeralContainers"), detail));
    }
    errors
}
