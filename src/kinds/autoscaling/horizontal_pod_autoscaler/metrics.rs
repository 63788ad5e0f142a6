//! Checks of what is measured.

use serde_json::Value;

use super::reference_errors;
use crate::kinds::rules::{check, resources::container_name_errors};
use crate::object::{FieldError, FieldErrors, Path, meta, names};
use crate::text::quantity::nanos;

/// The types of metrics, each with the member that describes it, in the order in which they are looked at.
const SOURCES: [(&str, &str); 5] = [
    ("Object", "object"),
    ("External", "external"),
    ("Pods", "pods"),
    ("Resource", "resource"),
    ("ContainerResource", "containerResource"),
];

const TYPES: &[&str] = &["ContainerResource", "External", "Object", "Pods", "Resource"];

/// Checks all metrics.
pub fn errors(path: &Path, metrics: &[Value], min: Option<i64>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, metric) in metrics.iter().enumerate() {
        errors.extend(metric_errors(&path.index(i), metric));
    }
    let is_of_others = |metric: &Value| ["Object", "External"].contains(&meta::text(metric, &["type"]));
    if min == Some(0) && !metrics.iter().any(is_of_others) {
        let detail = "must specify at least one Object or External metric to support scaling to zero replicas";
        errors.push(FieldError::forbidden(path, detail));
    }
    errors
}

fn metric_errors(path: &Path, metric: &Value) -> FieldErrors {
    let (at, kind) = (path.child("type"), meta::text(metric, &["type"]));
    let mut errors = FieldErrors::new();
    if kind.is_empty() {
        errors.push(FieldError::required(&at, "must specify a metric source type"));
    }
    let unknown = || FieldError::not_supported(&at, kind, TYPES);
    if !TYPES.contains(&kind) {
        errors.push(unknown());
    }
    let given: Vec<_> = SOURCES.iter().filter(|(_, member)| check::given(metric, member).is_some()).collect();
    if let Some((_, member)) = given.first() {
        errors.extend(source_errors(&path.child(member), member, &metric[*member]));
    }
    let Some((_, expected)) = SOURCES.iter().find(|(name, _)| *name == kind) else {
        errors.push(unknown());
        return errors;
    };
    if check::given(metric, expected).is_none() {
        let detail = "must populate information for the given metric source";
        errors.push(FieldError::required(&path.child(expected), detail));
    }
    if given.len() != 1 {
        let others = given.iter().filter(|(_, member)| member != expected);
        let detail = "must populate the given metric source only";
        errors.extend(others.map(|(_, member)| FieldError::forbidden(&path.child(member), detail)));
    }
    errors
}

fn source_errors(path: &Path, member: &str, source: &Value) -> FieldErrors {
    let null = Value::Null;
    let mut errors = match member {
        "object" => {
            let described = source.get("describedObject").unwrap_or(&null);
            reference_errors(&path.child("describedObject"), described)
        }
        "resource" => required_name(path, source),
        "containerResource" => {
            let mut errors = required_name(path, source);
            let (at, container) = (path.child("container"), meta::text(source, &["container"]));
            match container {
                "" => errors.push(FieldError::required(&at, "must specify a container")),
                container => errors.extend(check::rule(&at, container, names::dns1123_label)),
            }
            errors
        }
        _ => FieldErrors::new(),
    };
    if ["object", "external", "pods"].contains(&member) {
        let (at, name) = (path.child("metric").child("name"), meta::text(source, &["metric", "name"]));
        match name {
            "" => errors.push(FieldError::required(&at, "must specify a metric name")),
            name => errors.extend(check::rule(&at, name, names::path_segment)),
        }
    }
    let (at, target) = (path.child("target"), source.get("target").unwrap_or(&null));
    errors.extend(target_errors(&at, target));
    errors.extend(choice_error(&at, member, target));
    errors
}

fn required_name(path: &Path, source: &Value) -> FieldErrors {
    let (at, name) = (path.child("name"), meta::text(source, &["name"]));
    if name.is_empty() {
        return vec![FieldError::required(&at, "must specify a resource name")];
    }
    if path.to_string().ends_with("containerResource") { container_name_errors(&at, name) } else { FieldErrors::new() }
}

fn target_errors(path: &Path, target: &Value) -> FieldErrors {
    let (at, kind) = (path.child("type"), meta::text(target, &["type"]));
    let mut errors = FieldErrors::new();
    if kind.is_empty() {
        errors.push(FieldError::required(&at, "must specify a metric target type"));
    }
    if !["Utilization", "Value", "AverageValue"].contains(&kind) {
        errors.push(FieldError::invalid(&at, kind, "must be either Utilization, Value, or AverageValue"));
    }
    for member in ["value", "averageValue"] {
        let amount = meta::text(target, &[member]);
        if nanos(amount).is_some_and(|amount| amount <= 0) {
            errors.push(FieldError::invalid(&path.child(member), amount, "must be positive"));
        }
    }
    if let Some(share) = target.get("averageUtilization").and_then(Value::as_i64).filter(|share| *share < 1) {
        errors.push(FieldError::invalid(&path.child("averageUtilization"), share, "must be greater than 0"));
    }
    errors
}

/// A target says one of the things that it can say of its source.
fn choice_error(path: &Path, member: &str, target: &Value) -> Option<FieldError> {
    let has = |name: &str| check::given(target, name).is_some();
    let required = |name: &str, detail| Some(FieldError::required(&path.child(name), detail));
    match member {
        "object" if !has("value") && !has("averageValue") => {
            required("averageValue", "must set either a target value or averageValue")
        }
        "external" => match (has("value"), has("averageValue")) {
            (false, false) => required("averageValue", "must set either a target value for metric or a per-pod target"),
            (true, true) => {
                let detail = "may not set both a target value for metric and a per-pod target";
                Some(FieldError::forbidden(&path.child("value"), detail))
            }
            _ => None,
        },
        "pods" => {
            let amount = nanos(meta::text(target, &["averageValue"])).unwrap_or_default();
            if amount > 0 { None } else { required("averageValue", "must specify a positive target averageValue") }
        }
        "resource" | "containerResource" => match (has("averageUtilization"), has("averageValue")) {
            (false, false) => {
                required("averageUtilization", "must set either a target raw value or a target utilization")
            }
            (true, true) => {
                let detail = "may not set both a target raw value and a target utilization";
                Some(FieldError::forbidden(&path.child("averageValue"), detail))
            }
            _ => None,
        },
        _ => None,
    }
}
