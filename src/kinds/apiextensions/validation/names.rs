//! The names of a definition.

use serde_json::Value;

use crate::object::{FieldError, FieldErrors, Path, meta, names};

/// The names that a definition has to have.
pub fn missing(object: &Value, path: &Path) -> FieldErrors {
    let missing = ["plural", "singular", "kind", "listKind"].into_iter();
    let missing = missing.filter(|name| meta::text(object, &[name]).is_empty());
    missing.map(|name| FieldError::required(&path.child(name), "")).collect()
}

/// What is wrong with the names that are there.
pub fn errors(object: &Value, path: &Path) -> FieldErrors {
    let text = |name| meta::text(object, &[name]);
    let mut errors = FieldErrors::new();
    for name in ["plural", "singular"] {
        errors.extend(label(&path.child(name), text(name), text(name), ""));
    }
    for name in ["kind", "listKind"] {
        let front = "may have mixed case, but should otherwise match: ";
        errors.extend(label(&path.child(name), text(name), &text(name).to_lowercase(), front));
    }
    errors.extend(labels(&path.child("shortNames"), meta::items(object, &["shortNames"])));
    if !text("kind").is_empty() && text("kind") == text("listKind") {
        let detail = "kind and listKind may not be the same";
        errors.push(FieldError::invalid(&path.child("listKind"), text("listKind"), detail));
    }
    errors.extend(labels(&path.child("categories"), meta::items(object, &["categories"])));
    errors
}

fn label(path: &Path, shown: &str, value: &str, front: &str) -> Option<FieldError> {
    let problems = names::dns1035_label(value);
    let is_wrong = !shown.is_empty() && !problems.is_empty();
    is_wrong.then(|| FieldError::invalid(path, shown, &format!("{front}{}", problems.join(","))))
}

fn labels(path: &Path, list: &[Value]) -> FieldErrors {
    let items = list.iter().enumerate().map(|(index, item)| (index, item.as_str().unwrap_or_default()));
    let wrong = items.filter_map(|(index, item)| {
        let problems = names::dns1035_label(item);
        (!problems.is_empty()).then(|| FieldError::invalid(&path.index(index), item, &problems.join(",")))
    });
    wrong.collect()
}
