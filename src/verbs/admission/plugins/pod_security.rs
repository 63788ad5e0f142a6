//! `PodSecurity`: the labels of a namespace say which standard its pods must meet. So far only the labels are checked.

use std::future::ready;

use serde_json::Value;

use crate::{
    kinds::core::namespace,
    object::{FieldError, FieldErrors, Path, Status, meta, status::Result},
    verbs::{
        Api,
        admission::{Admission, Attributes, Operation, Review, Verdict},
    },
};

const PREFIX: &str = "pod-security.kubernetes.io";
const LEVELS: [&str; 3] = ["privileged", "baseline", "restricted"];

/// The plugin.
pub struct PodSecurity;

impl Admission for PodSecurity {
    fn name(&self) -> &'static str {
        "PodSecurity"
    }

    fn validates(&self, attributes: &Attributes<'_>) -> bool {
        let writes = matches!(attributes.operation, Operation::Create | Operation::Update);
        writes && attributes.sub.is_none() && attributes.target.def.gvk == namespace::DEF.gvk
    }

    fn validate<'a, 'r: 'a>(&'a self, _api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(ready(check_labels(review)))
    }
}

/// Labels that were wrong before may stay as they are.
fn check_labels(review: &Review<'_>) -> Result<()> {
    let Some(namespace) = review.object.as_deref() else { return Ok(()) };
    let errors = errors(namespace);
    if errors.is_empty() || review.old.is_some_and(|old| self::errors(old) == errors) {
        return Ok(());
    }
    Err(Status::invalid(&namespace::DEF.gvk, meta::name(namespace), &errors))
}

fn errors(namespace: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for mode in ["enforce", "audit", "warn"] {
        let (level, version) = (format!("{PREFIX}/{mode}"), format!("{PREFIX}/{mode}-version"));
        let checks = [
            (level, is_level as fn(&str) -> bool, "must be one of privileged, baseline, restricted"),
            (version, is_version, "must be \"latest\" or \"v1.x\""),
        ];
        for (label, is_good, detail) in checks {
            let value = meta::at(namespace, &["metadata", "labels", &label]).and_then(Value::as_str);
            if let Some(value) = value.filter(|value| !is_good(value)) {
                errors.push(FieldError::invalid(&Path::new("metadata").child("labels").key(&label), value, detail));
            }
        }
    }
    errors
}

fn is_level(text: &str) -> bool {
    LEVELS.contains(&text)
}

/// `latest`, or a minor version without leading zeros.
fn is_version(text: &str) -> bool {
    let is_number = |minor: &str| {
        !minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit()) && (minor == "0" || !minor.starts_with('0'))
    };
    text == "latest" || text.strip_prefix("v1.").is_some_and(is_number)
}
