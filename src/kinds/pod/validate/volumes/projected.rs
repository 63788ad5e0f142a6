//! Checks of volumes whose files come from the API: secrets, ConfigMaps, fields of the pod and tokens.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::{
    DownwardAPIVolumeFile, KeyToPath, ProjectedVolumeSource, ServiceAccountTokenProjection, VolumeProjection,
};

use super::{
    super::{
        super::typed::list,
        containers::{field_errors, resource_errors},
    },
    local_path_errors, mode_error,
};
use crate::object::{FieldError, FieldErrors, Path};

/// The fewest and the most seconds that a projected token may live.
const TOKEN_SECONDS: std::ops::RangeInclusive<i64> = 600..=1 << 32;

/// Checks a projected volume.
pub fn errors(path: &Path, volume: &ProjectedVolumeSource) -> FieldErrors {
    let mut errors: FieldErrors = mode_error(&path.child("defaultMode"), volume.default_mode).into_iter().collect();
    let mut files = HashSet::new();
    for (i, source) in list(&volume.sources).iter().enumerate() {
        errors.extend(source_errors(path, &path.child("sources").index(i), source, &mut files));
    }
    errors
}

/// Checks which entries of an object become which files.
pub fn item_errors(path: &Path, items: &[KeyToPath]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, item) in items.iter().enumerate() {
        errors.extend(key_errors(&path.index(i), item));
    }
    errors
}

/// Checks files that show fields of the pod; their errors do not say which one they are of.
pub fn file_errors(path: &Path, file: &DownwardAPIVolumeFile) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if file.path.is_empty() {
        errors.push(FieldError::required(&path.child("path"), ""));
    }
    errors.extend(local_path_errors(&path.child("path"), &file.path));
    match (&file.field_ref, &file.resource_field_ref) {
        (Some(field), resource) => {
            errors.extend(field_errors(&path.child("fieldRef"), field, VOLUME_FIELDS));
            if resource.is_some() {
                let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
                errors.push(FieldError::invalid(path, "resource", detail));
            }
        }
        (None, Some(resource)) => errors.extend(resource_errors(&path.child("resourceFieldRef"), resource, true)),
        (None, None) => {
            errors.push(FieldError::required(path, "one of fieldRef and resourceFieldRef is required"));
        }
    }
    errors.extend(mode_error(&path.child("mode"), file.mode));
    errors
}

/// Fields of a pod that a volume can show.
const VOLUME_FIELDS: &[&str] =
    &["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

fn source_errors<'a>(
    volume: &Path,
    path: &Path,
    source: &'a VolumeProjection,
    files: &mut HashSet<&'a str>,
) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let secret = source.secret.as_ref().map(|secret| ("secret", secret.name.as_str(), list(&secret.items)));
    let map = source.config_map.as_ref().map(|map| ("configMap", map.name.as_str(), list(&map.items)));
    for (kind, name, items) in secret.into_iter().chain(map) {
        let path = path.child(kind);
        if name.is_empty() {
            errors.push(FieldError::required(&path.child("name"), ""));
        }
        for (i, item) in items.iter().enumerate() {
            errors.extend(key_errors(&path.child("items").index(i), item));
            errors.extend(repeated(volume, &item.path, name, files));
        }
    }
    if let Some(downward) = &source.downward_api {
        for file in list(&downward.items) {
            errors.extend(file_errors(&path.child("downwardAPI"), file));
            errors.extend(repeated(volume, &file.path, &file.path, files));
        }
    }
    if let Some(token) = &source.service_account_token {
        errors.extend(token_errors(volume, &path.child("serviceAccountToken"), token));
    }
    let given = [
        source.secret.is_some(),
        source.config_map.is_some(),
        source.downward_api.is_some(),
        source.service_account_token.is_some(),
    ];
    if given.into_iter().filter(|given| *given).count() > 1 {
        errors.push(FieldError::forbidden(path, "may not specify more than 1 volume type per source"));
    }
    errors
}

const CONFLICT: &str = "conflicting duplicate paths";

/// Two sources can't make the same file.
fn repeated<'a>(volume: &Path, file: &'a str, shown: &str, files: &mut HashSet<&'a str>) -> Option<FieldError> {
    (!file.is_empty() && !files.insert(file)).then(|| FieldError::invalid(volume, shown, CONFLICT))
}

fn key_errors(path: &Path, item: &KeyToPath) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (member, value) in [("key", &item.key), ("path", &item.path)] {
        if value.is_empty() {
            errors.push(FieldError::required(&path.child(member), ""));
        }
    }
    errors.extend(local_path_errors(&path.child("path"), &item.path));
    errors.extend(mode_error(&path.child("mode"), item.mode));
    errors
}

fn token_errors(volume: &Path, path: &Path, token: &ServiceAccountTokenProjection) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let (at, seconds) = (path.child("expirationSeconds"), token.expiration_seconds.unwrap_or_default());
    if seconds < *TOKEN_SECONDS.start() {
        errors.push(FieldError::invalid(&at, seconds, "may not specify a duration less than 10 minutes"));
    }
    if seconds > *TOKEN_SECONDS.end() {
        errors.push(FieldError::invalid(&at, seconds, "may not specify a duration larger than 2^32 seconds"));
    }
    let at = volume.child("path");
    if token.path.is_empty() {
        errors.push(FieldError::required(&at, ""));
    } else {
        errors.extend(local_path_errors(&at, &token.path));
    }
    errors
}
