//! What an update of a pod may change: hardly anything.

use serde_json::Value;

use super::{containers, diff, layout, validate};
use crate::kinds::{KindDef, SubresourceStrategy};
use crate::object::{FieldError, FieldErrors, Path, meta};

const ONLY: &str = "pod updates may not change fields other than \
                    `spec.containers[*].image`,\
                    `spec.initContainers[*].image`,\
                    `spec.activeDeadlineSeconds`,\
                    `spec.tolerations` (only additions to existing tolerations),\
                    `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// Checks an update through the pod itself.
pub fn errors(pod: &Value, old: &Value) -> FieldErrors {
    let path = Path::new("spec");
    let mut errors = validate::errors(pod);
    for list in ["containers", "initContainers"] {
        let (new, before) = (meta::items(pod, &["spec", list]), meta::items(old, &["spec", list]));
        let path = path.child(list);
        if new.len() != before.len() {
            errors.push(FieldError::forbidden(&path, "pod updates may not add or remove containers"));
            return errors;
        }
        for (i, container) in new.iter().enumerate() {
            let path = path.index(i);
            if meta::text(container, &["image"]).is_empty() {
                errors.push(FieldError::required(&path.child("image"), ""));
            }
            errors.extend(containers::image_space_error(&path, container));
        }
    }
    match deadline_error(&path.child("activeDeadlineSeconds"), pod, old) {
        (Some(error), true) => {
            errors.push(error);
            return errors;
        }
        (error, _) => errors.extend(error),
    }
    errors.extend(removed_tolerations(&path.child("tolerations"), pod, old));
    errors.extend(added_gates(&path.child("schedulingGates"), pod, old));
    let (before, after) = (spec(old), without_allowed_changes(pod, old));
    if before != after {
        let diff = diff::unified(&layout::render(&before), &layout::render(&after));
        errors.push(FieldError::forbidden(&path, &format!("{ONLY}\n{diff}")));
    }
    errors
}

/// `ephemeralcontainers`: containers that are added to a running pod.
pub struct EphemeralContainers;

impl SubresourceStrategy for EphemeralContainers {
    fn prepare(&self, _kind: &KindDef, pod: &mut Value, old: &Value) {
        let mut kept = spec(old);
        let added = meta::at(pod, &["spec", "ephemeralContainers"]).cloned().unwrap_or(Value::Null);
        meta::set(members(&mut kept), "ephemeralContainers", added);
        keep(pod, kept, old);
    }

    fn validate(&self, _kind: &KindDef, pod: &Value, old: &Value) -> FieldErrors {
        let mut errors = validate::errors(pod);
        errors.extend(ephemeral_errors(pod, old));
        errors
    }

    fn changes_spec(&self) -> bool {
        true
    }
}

/// `resize`: what the containers of a running pod may use.
pub struct Resize;

impl SubresourceStrategy for Resize {
    fn prepare(&self, _kind: &KindDef, pod: &mut Value, old: &Value) {
        let mut kept = spec(old);
        for list in ["containers", "initContainers"] {
            take_resources(&mut kept, pod, list);
        }
        keep(pod, kept, old);
    }

    fn validate(&self, _kind: &KindDef, pod: &Value, _old: &Value) -> FieldErrors {
        validate::errors(pod)
    }

    fn changes_spec(&self) -> bool {
        true
    }
}

/// Puts this spec and the old status into a pod.
fn keep(pod: &mut Value, spec: Value, old: &Value) {
    if let Some(pod) = pod.as_object_mut() {
        pod.insert("spec".to_owned(), spec);
        meta::set(pod, "status", old.get("status").cloned().unwrap_or(Value::Null));
    }
}

fn ephemeral_errors(pod: &Value, old: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let path = Path::new("spec").child("ephemeralContainers");
    let list = |pod| meta::items(pod, &["spec", "ephemeralContainers"]);
    for before in list(old) {
        let name = meta::text(before, &["name"]);
        match list(pod).iter().find(|after| meta::text(after, &["name"]) == name) {
            None => {
                let detail = format!("existing ephemeral containers \"{name}\" may not be removed\n");
                errors.push(FieldError::forbidden(&path, &detail));
            }
            Some(after) if after != before => {
                let detail = format!("existing ephemeral containers \"{name}\" may not be changed\n");
                errors.push(FieldError::forbidden(&path, &detail));
            }
            Some(_) => {}
        }
    }
    errors
}

fn spec(pod: &Value) -> Value {
    pod.get("spec").cloned().unwrap_or(Value::Null)
}

fn members(value: &mut Value) -> &mut meta::Object {
    if !value.is_object() {
        *value = Value::Object(meta::Object::new());
    }
    value.as_object_mut().expect("made an object above")
}

/// The new spec with the old values in the places that may change.
fn without_allowed_changes(pod: &Value, old: &Value) -> Value {
    let mut spec = spec(pod);
    let changed = members(&mut spec);
    for member in ["activeDeadlineSeconds", "tolerations", "schedulingGates"] {
        meta::set(changed, member, meta::at(old, &["spec", member]).cloned().unwrap_or(Value::Null));
    }
    let grace = "terminationGracePeriodSeconds";
    let before = meta::at(old, &["spec", grace]).cloned().unwrap_or(Value::Null);
    if before.as_i64().is_some_and(|seconds| seconds < 0) && changed.get(grace).and_then(Value::as_i64) == Some(1) {
        meta::set(changed, grace, before);
    }
    for list in ["containers", "initContainers"] {
        let images = meta::items(old, &["spec", list]).iter().map(|container| container.get("image"));
        let containers = changed.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for (container, image) in containers.filter_map(Value::as_object_mut).zip(images) {
            meta::set(container, "image", image.cloned().unwrap_or(Value::Null));
        }
    }
    spec
}

/// A deadline may be set or brought forward. An impossible one ends the checks, a removed one doesn't.
fn deadline_error(path: &Path, pod: &Value, old: &Value) -> (Option<FieldError>, bool) {
    let deadline = |pod| meta::at(pod, &["spec", "activeDeadlineSeconds"]).and_then(Value::as_i64);
    let max = i64::from(i32::MAX);
    match (deadline(pod), deadline(old)) {
        (Some(new), _) if !(0..=max).contains(&new) => {
            (Some(FieldError::invalid(path, new, &format!("must be between 0 and {max}, inclusive"))), true)
        }
        (Some(new), Some(old)) if new > old => {
            (Some(FieldError::invalid(path, new, "must be less than or equal to previous value")), true)
        }
        (None, Some(_)) => {
            let detail = "must not update from a positive integer to nil value";
            (Some(FieldError::invalid(path, Value::Null, detail)), false)
        }
        _ => (None, false),
    }
}

fn removed_tolerations(path: &Path, pod: &Value, old: &Value) -> FieldErrors {
    let list = |pod| meta::items(pod, &["spec", "tolerations"]);
    let same = |a: &Value, b: &Value| {
        ["key", "operator", "value", "effect"].iter().all(|member| meta::text(a, &[member]) == meta::text(b, &[member]))
    };
    if list(old).iter().all(|before| list(pod).iter().any(|after| same(before, after))) {
        return validate::toleration_errors(path, list(pod));
    }
    let detail = "existing toleration can not be modified except its tolerationSeconds";
    vec![FieldError::forbidden(path, detail)]
}

fn added_gates(path: &Path, pod: &Value, old: &Value) -> FieldErrors {
    let list = |pod| meta::items(pod, &["spec", "schedulingGates"]);
    list(pod)
        .iter()
        .enumerate()
        .filter(|(_, gate)| !list(old).contains(gate))
        .map(|(i, gate)| {
            let name = meta::text(gate, &["name"]);
            let detail = format!("only deletion is allowed, but found new scheduling gate '{name}'");
            FieldError::forbidden(&path.index(i), &detail)
        })
        .collect()
}

fn take_resources(spec: &mut Value, pod: &Value, list: &str) {
    let new = meta::items(pod, &["spec", list]);
    let containers = spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
    for container in containers.filter_map(Value::as_object_mut) {
        let Some(changed) = new.iter().find(|changed| changed.get("name") == container.get("name")) else { continue };
        for member in ["resources", "resizePolicy"] {
            meta::set(container, member, changed.get(member).cloned().unwrap_or(Value::Null));
        }
    }
}
