//! Checks of a pod's volumes.

use serde_json::Value;

use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, meta, names};

/// The names of the volumes that are fine, and what is wrong with the others.
pub fn check<'a>(path: &Path, volumes: &'a [Value]) -> (Vec<&'a str>, FieldErrors) {
    let (mut fine, mut errors) = (Vec::new(), FieldErrors::new());
    for (i, volume) in volumes.iter().enumerate() {
        let path = path.index(i);
        let name = meta::text(volume, &["name"]);
        let mut wrong = source_errors(&path, volume);
        if name.is_empty() {
            wrong.push(FieldError::required(&path.child("name"), ""));
        } else {
            wrong.extend(check::rule(&path.child("name"), name, names::dns1123_label));
        }
        if fine.contains(&name) {
            wrong.push(FieldError::duplicate(&path.child("name"), name));
        }
        if wrong.is_empty() {
            fine.push(name);
        }
        errors.extend(wrong);
    }
    (fine, errors)
}

fn source_errors(path: &Path, volume: &Value) -> FieldErrors {
    let sources =
        volume.as_object().into_iter().flatten().filter(|(member, value)| *member != "name" && !value.is_null());
    let mut errors = FieldErrors::new();
    for (i, (kind, source)) in sources.enumerate() {
        let path = path.child(kind);
        if i > 0 {
            errors.push(FieldError::forbidden(&path, "may not specify more than 1 volume type"));
            continue;
        }
        for member in required(kind).iter().filter(|member| meta::text(source, &[member]).is_empty()) {
            errors.push(FieldError::required(&path.child(member), ""));
        }
        if let Some(mode) = source.get("defaultMode").and_then(Value::as_i64) {
            errors.extend(mode_error(&path.child("defaultMode"), mode));
        }
        errors.extend(item_errors(&path, source));
        for (j, part) in meta::items(source, &["sources"]).iter().enumerate() {
            errors.extend(projection_errors(&path.child("sources").index(j), part));
        }
    }
    errors
}

/// Members that a source of this kind has to have.
fn required(kind: &str) -> &'static [&'static str] {
    match kind {
        "hostPath" => &["path"],
        "secret" => &["secretName"],
        "configMap" => &["name"],
        "persistentVolumeClaim" => &["claimName"],
        "nfs" => &["server", "path"],
        "csi" => &["driver"],
        _ => &[],
    }
}

fn projection_errors(path: &Path, part: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for kind in ["secret", "configMap"] {
        if let Some(source) = check::given(part, kind) {
            let path = path.child(kind);
            if meta::text(source, &["name"]).is_empty() {
                errors.push(FieldError::required(&path.child("name"), ""));
            }
            errors.extend(item_errors(&path, source));
        }
    }
    if let Some(token) = check::given(part, "serviceAccountToken") {
        let path = path.child("serviceAccountToken");
        let seconds = check::integer(token, "expirationSeconds");
        if seconds < 600 {
            let detail = "may not specify a duration less than 10 minutes";
            errors.push(FieldError::invalid(&path.child("expirationSeconds"), seconds, detail));
        }
        if meta::text(token, &["path"]).is_empty() {
            errors.push(FieldError::required(&path.child("path"), ""));
        }
    }
    errors
}

/// Checks which keys of a source become which files.
fn item_errors(path: &Path, source: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, item) in meta::items(source, &["items"]).iter().enumerate() {
        let path = path.child("items").index(i);
        let downward = item.get("fieldRef").is_some() || item.get("resourceFieldRef").is_some();
        for member in ["key", "path"].iter().filter(|member| !(downward && **member == "key")) {
            if meta::text(item, &[member]).is_empty() {
                errors.push(FieldError::required(&path.child(member), ""));
            }
        }
        errors.extend(descending_errors(&path.child("path"), meta::text(item, &["path"])));
        if let Some(mode) = item.get("mode").and_then(Value::as_i64) {
            errors.extend(mode_error(&path.child("mode"), mode));
        }
    }
    errors
}

/// A path that stays below where it starts.
pub fn descending_errors(path: &Path, value: &str) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if value.starts_with('/') {
        errors.push(FieldError::invalid(path, value, "must be a relative path"));
    }
    if value.split('/').any(|part| part == "..") {
        errors.push(FieldError::invalid(path, value, "must not contain '..'"));
    }
    errors
}

fn mode_error(path: &Path, mode: i64) -> Option<FieldError> {
    let detail = "must be a number between 0 and 0777 (octal), both inclusive";
    (!(0..=0o777).contains(&mode)).then(|| FieldError::invalid(path, mode, detail))
}
