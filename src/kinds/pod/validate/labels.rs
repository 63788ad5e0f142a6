//! Checks of labels, annotations and selectors that are inside a pod's spec.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use serde::Deserialize;
use serde_json::Value;

use crate::kinds::pod::typed::{entries, list};
use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, names};

/// The most bytes that all annotations of an object may have together.
const ANNOTATIONS_BYTES_MAX: usize = 256 * 1024;

type Map = Option<BTreeMap<String, String>>;

/// Checks labels.
pub fn errors(path: &Path, labels: &Map) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (key, value) in entries(labels) {
        errors.extend(check::rule(path, key, names::qualified_name));
        errors.extend(check::rule(path, value, names::label_value));
    }
    errors
}

/// Checks annotations.
pub fn annotation_errors(path: &Path, annotations: &Map) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (key, _) in entries(annotations) {
        let wrong = names::qualified_name(&key.to_lowercase());
        errors.extend(wrong.iter().map(|wrong| FieldError::invalid(path, key, wrong)));
    }
    let bytes: usize = entries(annotations).map(|(key, value)| key.len() + value.len()).sum();
    if bytes > ANNOTATIONS_BYTES_MAX {
        errors.push(FieldError::too_long(path, ANNOTATIONS_BYTES_MAX));
    }
    errors
}

/// Checks a selector.
pub fn selector_errors(path: &Path, selector: &LabelSelector) -> FieldErrors {
    let mut errors = self::errors(&path.child("matchLabels"), &selector.match_labels);
    for (i, expression) in list(&selector.match_expressions).iter().enumerate() {
        errors.extend(expression_errors(&path.child("matchExpressions").index(i), expression));
    }
    errors
}

/// Checks a selector that is still JSON.
pub fn selector_value_errors(path: &Path, selector: &Value) -> FieldErrors {
    match LabelSelector::deserialize(selector) {
        Ok(selector) => selector_errors(path, &selector),
        Err(error) => vec![FieldError::internal(path, &error.to_string())],
    }
}

fn expression_errors(path: &Path, expression: &LabelSelectorRequirement) -> FieldErrors {
    let values = list(&expression.values);
    let at = path.child("values");
    let mut errors = FieldErrors::new();
    match expression.operator.as_str() {
        "In" | "NotIn" if values.is_empty() => {
            errors.push(FieldError::required(&at, "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            errors.push(FieldError::forbidden(&at, detail));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => errors.push(FieldError::invalid(&path.child("operator"), other, "not a valid selector operator")),
    }
    errors.extend(check::rule(&path.child("key"), &expression.key, names::qualified_name));
    for (i, value) in values.iter().enumerate() {
        errors.extend(check::rule(&at.index(i), value, names::label_value));
    }
    errors
}
