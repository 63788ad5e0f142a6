//! What kinds that keep a number of pods share: their selector, the template of their pods, and how rows show them.

use serde_json::Value;

use crate::kinds::{pod, rules::check};
use crate::object::{
    FieldError, FieldErrors, Path,
    meta::{self, Object},
    names,
    selector::LabelSelector,
};

/// The selector at `spec.selector`, in the form that lists and tables use: `app=web,tier in (a,b)`.
pub fn selector_text(object: &Value) -> String {
    let selector = object.get("spec").and_then(|spec| spec.get("selector")).unwrap_or(&Value::Null);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let labels = meta::map(selector, &["matchLabels"]).into_iter().flatten();
    let mut parts: Vec<(String, String)> =
        labels.map(|(key, value)| (key.clone(), format!("{key}={}", text(value)))).collect();
    for expression in meta::items(selector, &["matchExpressions"]) {
        let key = meta::text(expression, &["key"]);
        let mut values: Vec<_> = meta::items(expression, &["values"]).iter().map(text).collect();
        values.sort_unstable();
        let values = values.join(",");
        let part = match meta::text(expression, &["operator"]) {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            _ => format!("!{key}"),
        };
        parts.push((key.to_owned(), part));
    }
    parts.sort_by(|a, b| a.0.cmp(&b.0));
    parts.into_iter().map(|(_, part)| part).collect::<Vec<_>>().join(",")
}

/// The selector at `spec.selector`, of an object that has passed validation.
pub fn selector(object: &Value) -> Option<LabelSelector> {
    LabelSelector::parse(&selector_text(object)).ok().filter(|selector| !selector.is_everything())
}

/// Fills in a pod template as a pod is filled in.
pub fn default_template(spec: &mut Object) {
    if let Some(Value::Object(pod)) = spec.get_mut("template").and_then(|template| template.get_mut("spec")) {
        pod::default_spec(pod);
    }
}

/// Checks the number of pods.
pub fn count_error(spec: &Path, object: &Value, member: &str) -> Option<FieldError> {
    let count = meta::at(object, &["spec", member]).and_then(Value::as_i64)?;
    (count < 0).then(|| FieldError::invalid(&spec.child(member), count, "must be greater than or equal to 0"))
}

/// Checks `spec.selector`.
pub fn selector_errors(spec: &Path, object: &Value) -> FieldErrors {
    let path = spec.child("selector");
    let Some(selector) = meta::at(object, &["spec", "selector"]).filter(|selector| !selector.is_null()) else {
        return vec![FieldError::required(&path, "")];
    };
    let mut errors = FieldErrors::new();
    for (key, value) in meta::map(selector, &["matchLabels"]).into_iter().flatten() {
        let path = path.child("matchLabels");
        errors.extend(check::rule(&path, key, names::qualified_name));
        errors.extend(check::rule(&path, value.as_str().unwrap_or_default(), names::label_value));
    }
    for (i, expression) in meta::items(selector, &["matchExpressions"]).iter().enumerate() {
        errors.extend(expression_errors(&path.child("matchExpressions").index(i), expression));
    }
    if selector_text(object).is_empty() {
        errors.push(FieldError::invalid(&path, selector.clone(), "empty selector is invalid for deployment"));
    }
    errors
}

/// Checks `spec.template`, which must make pods that the selector selects and that run forever.
pub fn template_errors(spec: &Path, object: &Value) -> FieldErrors {
    let path = spec.child("template");
    let null = Value::Null;
    let template = meta::at(object, &["spec", "template"]).unwrap_or(&null);
    let mut errors = FieldErrors::new();
    let labels = meta::map(template, &["metadata", "labels"]);
    if selector(object).is_some_and(|selector| !selector.matches_map(labels)) {
        let shown = labels.cloned().map_or_else(|| Value::Object(Object::new()), Value::Object);
        let detail = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid(&path.child("metadata").child("labels"), shown, detail));
    }
    let path = path.child("spec");
    let pod = template.get("spec").unwrap_or(&null);
    errors.extend(pod::spec_errors(&path, pod));
    if !meta::items(pod, &["ephemeralContainers"]).is_empty() {
        let detail = "ephemeral containers not allowed in pod template";
        errors.push(FieldError::forbidden(&path.child("ephemeralContainers"), detail));
    }
    let policy = meta::text(pod, &["restartPolicy"]);
    if policy != "Always" {
        errors.push(FieldError::not_supported(&path.child("restartPolicy"), policy, &["Always"]));
    }
    if check::given(pod, "activeDeadlineSeconds").is_some() {
        let detail = "activeDeadlineSeconds in ReplicaSet is not Supported";
        errors.push(FieldError::forbidden(&path.child("activeDeadlineSeconds"), detail));
    }
    errors
}

/// The cells that a wide row ends with: the template's containers, their images, and the selector.
pub fn wide_cells(object: &Value) -> [Value; 3] {
    let of_containers = |member: &str| {
        let containers = meta::items(object, &["spec", "template", "spec", "containers"]);
        containers.iter().map(|container| meta::text(container, &[member])).collect::<Vec<_>>().join(",")
    };
    let selector = selector_text(object);
    let selector = if selector.is_empty() { "<none>".to_owned() } else { selector };
    [of_containers("name").into(), of_containers("image").into(), selector.into()]
}

/// A number in the status, 0 if there is none.
pub fn counted(object: &Value, member: &str) -> i64 {
    meta::at(object, &["status", member]).and_then(Value::as_i64).unwrap_or_default()
}

/// How many pods there should be.
pub fn replicas(object: &Value) -> i64 {
    meta::at(object, &["spec", "replicas"]).and_then(Value::as_i64).unwrap_or(1)
}

/// Checks that no number in the status is negative.
pub fn status_errors(object: &Value, members: &[&str]) -> FieldErrors {
    let path = Path::new("status");
    let negative = members.iter().filter(|member| counted(object, member) < 0);
    negative
        .map(|member| {
            let detail = "must be greater than or equal to 0";
            FieldError::invalid(&path.child(member), counted(object, member), detail)
        })
        .collect()
}

fn expression_errors(path: &Path, expression: &Value) -> FieldErrors {
    let values = meta::items(expression, &["values"]);
    let operator = meta::text(expression, &["operator"]);
    let at = path.child("values");
    let mut errors = FieldErrors::new();
    match operator {
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
    errors.extend(check::rule(&path.child("key"), meta::text(expression, &["key"]), names::qualified_name));
    for (i, value) in values.iter().enumerate() {
        errors.extend(check::rule(&at.index(i), value.as_str().unwrap_or_default(), names::label_value));
    }
    errors
}
