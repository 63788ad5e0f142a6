//! The subresources of a version.

use serde_json::Value;

use crate::kinds::rules::check::given;
use crate::object::{FieldError, FieldErrors, Path, meta};

/// What is wrong with the paths of the scale.
pub fn errors(subresources: Option<&Value>, path: &Path) -> FieldErrors {
    let Some(scale) = subresources.and_then(|subresources| given(subresources, "scale")) else {
        return FieldErrors::new();
    };
    let path = path.child("scale");
    let mut errors = FieldErrors::new();
    for (name, below) in [("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")] {
        let (path, value) = (path.child(name), meta::text(scale, &[name]));
        if value.is_empty() {
            errors.push(FieldError::required(&path, ""));
            continue;
        }
        let detail = format!("should be a json path under {}", below.trim_end_matches('.'));
        let outside = || (!value.starts_with(below)).then(|| FieldError::invalid(&path, value, &detail));
        errors.extend(simple_path(value, &path).or_else(outside));
    }
    let (path, value) = (path.child("labelSelectorPath"), meta::text(scale, &["labelSelectorPath"]));
    if !value.is_empty() {
        let is_below = [".spec.", ".status."].iter().any(|below| value.starts_with(below));
        let detail = "should be a json path under either .spec or .status";
        let outside = || (!is_below).then(|| FieldError::invalid(&path, value, detail));
        errors.extend(simple_path(value, &path).or_else(outside));
    }
    errors
}

/// What is wrong with a path that may only name members.
pub fn simple_path(value: &str, path: &Path) -> Option<FieldError> {
    let detail = "must be a simple json path starting with .";
    (!value.starts_with('.')).then(|| FieldError::invalid(path, value, detail))
}
