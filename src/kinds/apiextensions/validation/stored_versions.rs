//! The versions in which objects may be stored.

use serde_json::Value;

use crate::object::{FieldError, FieldErrors, Path, meta};

/// What is wrong with `status.storedVersions`.
pub fn errors(definition: &Value) -> FieldErrors {
    let path = Path::new("status").child("storedVersions");
    let stored = meta::items(definition, &["status", "storedVersions"]);
    let shown = if stored.is_empty() { Value::Null } else { stored.to_vec().into() };
    let mut errors = FieldErrors::new();
    if stored.is_empty() {
        errors.push(FieldError::invalid(&path, shown.clone(), "must have at least one stored version"));
    }
    let versions = meta::items(definition, &["spec", "versions"]);
    for version in versions.iter().filter(|version| version.get("storage") == Some(&Value::Bool(true))) {
        let name = meta::text(version, &["name"]);
        if !stored.iter().any(|stored| stored == name) {
            let detail = format!("must have the storage version {name}");
            errors.push(FieldError::invalid(&path, shown.clone(), &detail));
        }
    }
    for (index, name) in stored.iter().enumerate() {
        if !versions.iter().any(|version| version.get("name") == Some(name)) {
            let shown = name.as_str().unwrap_or_default();
            let detail = format!(
                "missing from spec.versions; {shown} was previously a storage version, and must remain in \
                 spec.versions until a storage migration ensures no data remains persisted in {shown} and removes \
                 {shown} from status.storedVersions"
            );
            errors.push(FieldError::invalid(&path.index(index), shown, &detail));
        }
    }
    errors
}
