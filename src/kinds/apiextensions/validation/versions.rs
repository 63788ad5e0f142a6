//! The versions of a definition.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{columns, parts::Parts, selectable_fields, subresources};
use crate::object::{FieldError, FieldErrors, Path, meta, names};

/// The longest text that may say that a version is deprecated.
const WARNING_MAX: usize = 256;

/// What is wrong with the versions; what they share is checked elsewhere.
pub fn errors(parts: &Parts, spec: &Path) -> FieldErrors {
    let path = spec.child("versions");
    let mut errors = FieldErrors::new();
    if parts.schemas.shared().is_none() {
        let missing = (0..parts.versions.len()).filter(|index| parts.schemas.of(*index).is_none());
        let schema = |index| path.index(index).child("schema").child("openAPIV3Schema");
        errors.extend(missing.map(|index| FieldError::required(&schema(index), "")));
    }
    let preserves = parts.spec.get("preserveUnknownFields") == Some(&Value::Bool(true));
    if preserves && (0..parts.versions.len()).filter_map(|index| parts.schemas.of(index)).any(has_default) {
        let detail = "must be false in order to use defaults in the schema";
        errors.push(FieldError::invalid(&spec.child("preserveUnknownFields"), true, detail));
    }
    for (index, version) in parts.versions.iter().enumerate() {
        let (path, name) = (path.index(index), meta::text(version, &["name"]));
        errors.extend(label(&path.child("name"), name));
        errors.extend(parts.own_schema(index).map(|schema| schema.errors()).unwrap_or_default());
        errors.extend(deprecation(version, &path.child("deprecationWarning")));
        errors.extend(subresources::errors(parts.subresources.own(index), &path.child("subresources")));
        errors.extend(columns::errors(parts.columns.own(index), &path.child("additionalPrinterColumns")));
        let (fields, schema) = (parts.selectable_fields.own(index), parts.schemas.of(index));
        errors.extend(selectable_fields::errors(fields, schema, &path.child("selectableFields")));
    }
    let mut known = HashSet::new();
    let is_unique = parts.versions.iter().all(|version| known.insert(meta::text(version, &["name"])));
    if !is_unique {
        errors.push(FieldError::invalid(&path, internal(parts), "must contain unique version names"));
    }
    let stored = parts.versions.iter().filter(|version| version.get("storage") == Some(&Value::Bool(true)));
    if stored.count() != 1 {
        let detail = "must have exactly one version marked as storage version";
        errors.push(FieldError::invalid(&path, internal(parts), detail));
    }
    // The internal form has the first version once more.
    let first = parts.versions.first().map(|first| meta::text(first, &["name"])).filter(|name| !name.is_empty());
    errors.extend(first.and_then(|name| label(&spec.child("version"), name)));
    errors
}

fn label(path: &Path, name: &str) -> Option<FieldError> {
    let problems = names::dns1035_label(name);
    (!problems.is_empty()).then(|| FieldError::invalid(path, name, &problems.join(",")))
}

fn deprecation(version: &Value, path: &Path) -> Option<FieldError> {
    let warning = version.get("deprecationWarning").and_then(Value::as_str)?;
    let invalid = |detail: &str| Some(FieldError::invalid(path, warning, detail));
    if version.get("deprecated") != Some(&Value::Bool(true)) {
        return invalid("can only be set for deprecated versions");
    }
    if warning.is_empty() {
        return invalid("must not be an empty string");
    }
    if warning.len() > WARNING_MAX {
        return invalid("must be <= 256 characters long");
    }
    let (at, _) = warning.char_indices().find(|(_, c)| c.is_control())?;
    let found = format!("non-printable character found at index {at}");
    invalid(&format!("must only contain printable UTF-8 characters; {found}"))
}

fn has_default(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => {
            members.get("default").is_some_and(|default| !default.is_null()) || members.values().any(has_default)
        }
        Value::Array(items) => items.iter().any(has_default),
        _ => false,
    }
}

/// The versions as kube-apiserver's internal form has them, which errors print. What all share is not in it.
fn internal(parts: &Parts) -> Value {
    if parts.versions.is_empty() {
        return parts.spec.get("versions").cloned().unwrap_or_default();
    }
    let flag = |version: &Value, name: &str| version.get(name).and_then(Value::as_bool).unwrap_or_default();
    let versions = parts.versions.iter().enumerate().map(|(index, version)| {
        let own = |part: Option<&Value>| part.cloned().unwrap_or_default();
        json!({
            "Name": meta::text(version, &["name"]),
            "Served": flag(version, "served"),
            "Storage": flag(version, "storage"),
            "Deprecated": flag(version, "deprecated"),
            "DeprecationWarning": version.get("deprecationWarning").cloned().unwrap_or_default(),
            "Schema": parts.schemas.own(index).map(|schema| json!({"OpenAPIV3Schema": schema})).unwrap_or_default(),
            "Subresources": own(parts.subresources.own(index)),
            "AdditionalPrinterColumns": own(parts.columns.own(index)),
            "SelectableFields": own(parts.selectable_fields.own(index)),
        })
    });
    versions.collect()
}
