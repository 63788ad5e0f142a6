//! Checks of a pod's volumes.

pub mod claims;
mod projected;
pub mod sources;

use std::collections::{HashMap, HashSet};

use k8s_openapi::api::core::v1::{PodSpec, Volume};

use crate::kinds::pod::typed::text;
use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, names};

/// Valid volumes by their names.
pub type Volumes<'a> = HashMap<&'a str, &'a Volume>;

/// The volumes that are fine, and what is wrong with the others. The pod's name decides how claims will be called; templates have none.
pub fn check<'a>(path: &Path, volumes: &'a [Volume], pod_name: Option<&str>) -> (Volumes<'a>, FieldErrors) {
    let (mut fine, mut errors) = (Volumes::new(), FieldErrors::new());
    let made: HashSet<_> = volumes
        .iter()
        .filter(|volume| volume.ephemeral.is_some())
        .filter_map(|volume| pod_name.map(|pod| format!("{pod}-{}", volume.name)))
        .collect();
    for (i, volume) in volumes.iter().enumerate() {
        let path = path.index(i);
        let mut wrong = sources::errors(&path, volume, pod_name);
        wrong.extend(check::required_rule(&path.child("name"), &volume.name, names::dns1123_label));
        if fine.contains_key(volume.name.as_str()) {
            wrong.push(FieldError::duplicate(&path.child("name"), volume.name.as_str()));
        }
        if wrong.is_empty() {
            fine.insert(&volume.name, volume);
        }
        errors.extend(wrong);
        if let Some(claim) = &volume.persistent_volume_claim
            && made.contains(&claim.claim_name)
        {
            let path = path.child("persistentVolumeClaim").child("claimName");
            let detail = "must not reference a PVC that gets created for an ephemeral volume";
            errors.push(FieldError::invalid(&path, claim.claim_name.as_str(), detail));
        }
    }
    (fine, errors)
}

/// A pod without a service account has no token to project.
pub fn token_errors(path: &Path, spec: &PodSpec) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if !text(&spec.service_account_name).is_empty() {
        return errors;
    }
    for (i, volume) in spec.volumes.iter().flatten().enumerate() {
        let sources = volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten());
        let path = path.index(i).child("projected").child("sources");
        for (j, _) in sources.enumerate().filter(|(_, source)| source.service_account_token.is_some()) {
            let detail = "must not be specified when serviceAccountName is not set";
            errors.push(FieldError::forbidden(&path.index(j).child("serviceAccountToken"), detail));
        }
    }
    errors
}

/// Whether one part of a path leads upwards.
pub fn has_backsteps(value: &str) -> bool {
    value.split('/').any(|part| part == "..")
}

/// A path without parts that lead upwards.
pub fn straight_path_error(path: &Path, value: &str) -> Option<FieldError> {
    has_backsteps(value).then(|| FieldError::invalid(path, value, "must not contain '..'"))
}

/// A path that stays below where it starts.
pub fn relative_path_errors(path: &Path, value: &str) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if value.starts_with('/') {
        errors.push(FieldError::invalid(path, value, "must be a relative path"));
    }
    errors.extend(straight_path_error(path, value));
    errors
}

/// As [`relative_path_errors`], for files of a volume, whose names may not start with two dots: volumes use such names themselves.
pub fn local_path_errors(path: &Path, value: &str) -> FieldErrors {
    let mut errors = relative_path_errors(path, value);
    if value.starts_with("..") && !value.starts_with("../") {
        errors.push(FieldError::invalid(path, value, "must not start with '..'"));
    }
    errors
}

/// The permissions of a file.
pub fn mode_error(path: &Path, mode: Option<i32>) -> Option<FieldError> {
    let mode = mode.filter(|mode| !(0..=0o777).contains(mode))?;
    Some(FieldError::invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive"))
}
