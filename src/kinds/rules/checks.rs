//! Runs the checks of a write in the order of kube-apiserver: which errors come first, and which are repeated.

use serde_json::Value;

use super::metadata_errors as metadata;
use crate::{
    kinds::{Check, KindDef},
    object::{FieldError, FieldErrors, Path, meta},
};

/// Checks a new object. What every kind must satisfy is looked at only if the kind's own checks pass. `found` are the
/// errors of the kind's own checks if those have been run.
pub fn of_create(kind: &KindDef, object: &Value, found: Option<FieldErrors>) -> FieldErrors {
    let errors = own(kind, kind.strategy.create_checks(), object, None, found);
    if errors.is_empty() { metadata::any_object(object, kind) } else { errors }
}

/// Checks an update: what every kind must satisfy, then the kind's own checks, if not `found` already.
pub fn of_update(kind: &KindDef, object: &Value, old: &Value, found: Option<FieldErrors>) -> FieldErrors {
    let mut errors = metadata::any_update(object, old, kind);
    errors.extend(own(kind, kind.strategy.update_checks(), object, Some(old), found));
    errors
}

/// Checks an update of a part, through a subresource whose own errors are these.
pub fn of_part(kind: &KindDef, object: &Value, old: &Value, own: FieldErrors) -> FieldErrors {
    let mut errors = metadata::any_update(object, old, kind);
    errors.extend(metadata::of_change(object, old, kind));
    errors.extend(own);
    errors
}

fn own(
    kind: &KindDef,
    checks: &[Check],
    object: &Value,
    old: Option<&Value>,
    mut found: Option<FieldErrors>,
) -> FieldErrors {
    let mut run = |check: &Check| match (check, old) {
        (Check::Type, _) => type_errors(object, kind),
        (Check::Metadata, _) => metadata::of_object(object, kind),
        (Check::MetadataChange, Some(old)) => metadata::of_change(object, old, kind),
        (Check::Object | Check::Change, _) if found.is_some() => found.replace(Vec::new()).unwrap_or_default(),
        (Check::Object, _) => kind.strategy.validate(object),
        (Check::Change, Some(old)) => kind.strategy.validate_update(object, old),
        (Check::MetadataChange | Check::Change, None) => FieldErrors::new(),
    };
    let mut errors = FieldErrors::new();
    for check in checks {
        errors.extend(run(check));
        if *check == Check::Type && !errors.is_empty() {
            break;
        }
    }
    errors
}

fn type_errors(object: &Value, kind: &KindDef) -> FieldErrors {
    let members = [("apiVersion", kind.gvk.api_version()), ("kind", kind.gvk.kind.to_string())];
    let wrong = members.into_iter().filter(|(name, expected)| meta::text(object, &[name]) != expected);
    let error = |(name, expected): (&str, String)| {
        FieldError::invalid(&Path::new(name), meta::text(object, &[name]), &format!("must be {expected}"))
    };
    wrong.map(error).collect()
}
