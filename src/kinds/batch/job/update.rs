//! What an update of a job may not change.

use serde_json::{Value, json};

use super::{
    layout::{FAILURE_POLICY, SUCCESS_POLICY},
    spec,
};
use crate::kinds::{
    pod,
    rules::{
        check, fill,
        go_struct::{self, lay_out},
        same::same,
    },
};
use crate::object::{
    FieldError, FieldErrors, Path,
    meta::{self, Object},
};

/// Checks an update.
pub fn errors(object: &Value, old: &Value) -> FieldErrors {
    let null = Value::Null;
    let (new, before) = (object.get("spec").unwrap_or(&null), old.get("spec").unwrap_or(&null));
    let path = Path::new("spec");
    let mut errors = spec::errors(&path, new);
    errors.extend(completion_error(&path, new, before));
    let selector = |spec: &Value| check::given(spec, "selector").map_or(Value::Null, go_struct::selector);
    errors.extend(fixed(&path.child("selector"), &selector(new), &selector(before)));
    errors.extend(template_error(&path.child("template"), new, before, old));
    for (member, layout) in [
        ("completionMode", None),
        ("podFailurePolicy", Some(FAILURE_POLICY)),
        ("backoffLimitPerIndex", None),
        ("managedBy", None),
        ("successPolicy", Some(SUCCESS_POLICY)),
    ] {
        let value = |spec: &Value| match (check::given(spec, member), layout) {
            (Some(value), Some(layout)) => lay_out(value, layout),
            (value, _) => value.cloned().unwrap_or(Value::Null),
        };
        errors.extend(fixed(&path.child(member), &value(new), &value(before)));
    }
    errors
}

fn fixed(path: &Path, new: &Value, old: &Value) -> Option<FieldError> {
    (!same(Some(new), Some(old))).then(|| FieldError::invalid(path, new.clone(), "field is immutable"))
}

/// An indexed job may grow or shrink as a whole.
fn completion_error(spec: &Path, new: &Value, old: &Value) -> Option<FieldError> {
    let path = spec.child("completions");
    let number = |spec: &Value, member: &str| spec.get(member).and_then(Value::as_i64);
    let (now, before) = (number(new, "completions"), number(old, "completions"));
    if now == before {
        return None;
    }
    if !spec::is_indexed(new) {
        return Some(FieldError::invalid(&path, json!(now), "field is immutable"));
    }
    let parallelism = number(new, "parallelism");
    let detail = "can only be modified in tandem with spec.parallelism";
    now.filter(|now| Some(*now) != parallelism).map(|now| FieldError::invalid(&path, now, detail))
}

/// Pods that have never run may still be scheduled and sized in another way.
fn template_error(path: &Path, new: &Value, old: &Value, old_job: &Value) -> Option<FieldError> {
    let template = |spec: &Value| spec.get("template").cloned().unwrap_or_else(|| json!({}));
    let (now, mut before) = (template(new), template(old));
    let is_suspended = check::boolean(old, "suspend");
    if !is_suspended || !meta::text(old_job, &["status", "startTime"]).is_empty() {
        return fixed(path, &pod::shown_template(&now), &pod::shown_template(&before));
    }
    take_scheduling(meta::map_mut(&mut before, "spec"), now.get("spec").unwrap_or(&Value::Null));
    let spec = |template: &Value| pod::shown_template(template).get("Spec").cloned().unwrap_or_default();
    fixed(&path.child("spec"), &spec(&now), &spec(&before))
}

/// Gives the spec of a template what another says of where its pods run and of what they get there.
fn take_scheduling(spec: &mut Object, from: &Value) {
    for member in ["nodeSelector", "tolerations", "schedulingGates"] {
        meta::set(spec, member, from.get(member).cloned().unwrap_or(Value::Null));
    }
    let nodes = meta::at(from, &["affinity", "nodeAffinity"]).cloned().unwrap_or(Value::Null);
    let is_given = meta::map(from, &["affinity"]).is_some();
    if is_given {
        spec.entry("affinity").or_insert_with(|| json!({}));
    }
    let mut is_empty = false;
    fill::inside(spec, "affinity", |affinity| {
        meta::set(affinity, "nodeAffinity", nodes);
        is_empty = affinity.is_empty();
    });
    if is_empty && !is_given {
        spec.shift_remove("affinity");
    }
    for list in ["initContainers", "containers"] {
        let mut resources = meta::items(from, &[list]).iter().map(|container| container.get("resources").cloned());
        fill::each(spec, list, |container| {
            if let Some(resources) = resources.next() {
                meta::set(container, "resources", resources.unwrap_or_default());
            }
        });
    }
}
