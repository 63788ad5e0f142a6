//! Updates of a pod's spec that go through a path of their own: `ephemeralcontainers` and `resize`.

use std::collections::HashMap;

use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceRequirements};
use serde_json::Value;

use super::{
    amounts, go,
    typed::{Resources, list, text},
    update,
    validate::{self, annotations},
};
use crate::kinds::{
    Strategy, SubresourceStrategy,
    rules::{diff, metadata, metadata_errors},
};
use crate::object::{FieldError, FieldErrors, Path, meta};
use crate::text::quantity::nanos;

/// `ephemeralcontainers`: containers that are added to a running pod.
pub struct EphemeralContainers;

impl SubresourceStrategy for EphemeralContainers {
    fn prepare(&self, _kind: &dyn Strategy, pod: &mut Value, old: &Value) {
        let mut kept = old.get("spec").cloned().unwrap_or(Value::Null);
        let added = meta::at(pod, &["spec", "ephemeralContainers"]).cloned().unwrap_or(Value::Null);
        meta::set(meta::members_mut(&mut kept), "ephemeralContainers", added);
        keep(pod, kept, old);
    }

    fn validate(&self, _kind: &dyn Strategy, pod: &Value, old: &Value) -> FieldErrors {
        if is_mirror(old) {
            let detail = "static pods do not support ephemeral containers";
            return vec![FieldError::forbidden(&Path::default(), detail)];
        }
        let mut errors = metadata_errors::of_object(pod, &super::DEF);
        match validate::spec_of(pod) {
            Ok(spec) => errors.extend(validate::errors(pod, &spec)),
            Err(error) => return vec![error],
        }
        errors.extend(update::annotation_errors(pod, old));
        errors.extend(ephemeral_errors(pod, old));
        errors
    }

    fn warnings(&self, _kind: &dyn Strategy, _pod: &Value, _old: &Value) -> Vec<String> {
        Vec::new()
    }

    fn changes_spec(&self) -> bool {
        true
    }
}

/// `resize`: what the containers of a running pod may use.
pub struct Resize;

impl SubresourceStrategy for Resize {
    fn prepare(&self, _kind: &dyn Strategy, pod: &mut Value, old: &Value) {
        let mut kept = old.get("spec").cloned().unwrap_or(Value::Null);
        for list in ["containers", "initContainers"] {
            if !take_resources(&mut kept, pod, list) {
                // Somebody added, removed or renamed containers: the checks will say so.
                return;
            }
        }
        let resources = meta::at(pod, &["spec", "resources"]).cloned().unwrap_or(Value::Null);
        meta::set(meta::members_mut(&mut kept), "resources", resources);
        keep(pod, kept, old);
    }

    fn validate(&self, _kind: &dyn Strategy, pod: &Value, old: &Value) -> FieldErrors {
        let (new, before) = match (validate::spec_of(pod), validate::spec_of(old)) {
            (Ok(new), Ok(before)) => (new, before),
            (Err(error), _) | (_, Err(error)) => return vec![error],
        };
        let refusal = match () {
            () if is_mirror(old) => Some("static pods cannot be resized"),
            () if before.os.as_ref().is_some_and(|os| os.name == "windows") => Some("windows pods cannot be resized"),
            () => None,
        };
        if let Some(detail) = refusal {
            return vec![FieldError::forbidden(&Path::default(), detail)];
        }
        let mut errors = metadata_errors::of_object(pod, &super::DEF);
        errors.extend(validate::errors(pod, &new));
        errors.extend(resize_errors(pod, old, &new, &before));
        errors
    }

    fn warnings(&self, _kind: &dyn Strategy, _pod: &Value, _old: &Value) -> Vec<String> {
        Vec::new()
    }

    fn changes_spec(&self) -> bool {
        true
    }
}

fn is_mirror(pod: &Value) -> bool {
    meta::at(pod, &["metadata", "annotations", annotations::MIRROR]).is_some()
}

/// Puts this spec and the old status into a pod.
fn keep(pod: &mut Value, spec: Value, old: &Value) {
    if let Some(pod) = pod.as_object_mut() {
        pod.insert("spec".to_owned(), spec);
        meta::set(pod, "status", old.get("status").cloned().unwrap_or(Value::Null));
    }
    metadata::keep_for_part(pod, old);
}

fn take_resources(spec: &mut Value, pod: &Value, list: &str) -> bool {
    let new = meta::items(pod, &["spec", list]);
    let containers = spec.get_mut(list).and_then(Value::as_array_mut).map(Vec::as_mut_slice).unwrap_or_default();
    if new.len() != containers.len() {
        return false;
    }
    for (container, changed) in containers.iter_mut().zip(new) {
        if changed.get("name") != container.get("name") {
            return false;
        }
        for member in ["resources", "resizePolicy"] {
            let value = changed.get(member).cloned().unwrap_or(Value::Null);
            meta::set(meta::members_mut(container), member, value);
        }
    }
    true
}

fn ephemeral_errors(pod: &Value, old: &Value) -> FieldErrors {
    let path = Path::new("spec").child("ephemeralContainers");
    let list = |pod| meta::items(pod, &["spec", "ephemeralContainers"]);
    let new: HashMap<_, _> = list(pod).iter().map(|container| (meta::text(container, &["name"]), container)).collect();
    let mut errors = FieldErrors::new();
    for before in list(old) {
        let name = meta::text(before, &["name"]);
        match new.get(name) {
            None => {
                let detail = format!("existing ephemeral containers \"{name}\" may not be removed\n");
                errors.push(FieldError::forbidden(&path, &detail));
            }
            Some(after) if *after != before => {
                let diff = diff::unified(&go::render_ephemeral(before), &go::render_ephemeral(after));
                let detail = format!("existing ephemeral containers \"{name}\" may not be changed\n{diff}");
                errors.push(FieldError::forbidden(&path, &detail));
            }
            Some(_) => {}
        }
    }
    errors
}

fn resize_errors(pod: &Value, old: &Value, new: &PodSpec, before: &PodSpec) -> FieldErrors {
    let path = Path::new("spec");
    let mut errors = FieldErrors::new();
    let lists = [
        ("initContainers", list(&new.init_containers), list(&before.init_containers)),
        ("containers", new.containers.as_slice(), before.containers.as_slice()),
    ];
    if lists.iter().any(|(_, new, old)| new.len() != old.len()) {
        errors.push(FieldError::forbidden(&path, "containers may not be added or removed on resize"));
        return errors;
    }
    let class = match meta::text(old, &["status", "qosClass"]) {
        "" => amounts::qos_class(before),
        class => class,
    };
    if class != amounts::qos_class(new) {
        let shown = meta::text(pod, &["status", "qosClass"]);
        errors.push(FieldError::invalid(&path, shown, "Pod QOS Class may not change as a result of resizing"));
    }
    if !can_resize(old) {
        errors.push(FieldError::forbidden(&path, "Pod running on node without support for resize"));
    }
    for (member, new, old) in lists {
        for (i, (new, old)) in new.iter().zip(old).enumerate() {
            if member == "containers" || text(&old.restart_policy) == "Always" {
                errors.extend(container_errors(&path.child(member).index(i).child("resources"), new, old));
            }
        }
    }
    for (member, new, old) in [lists[1], lists[0]] {
        for (new, old) in new.iter().zip(old) {
            errors.extend(only_compute(member, new, old).map(|detail| FieldError::forbidden(&path, detail)));
        }
    }
    errors
}

/// What is wrong if more than CPU and memory changes.
fn only_compute(member: &str, new: &Container, old: &Container) -> Option<&'static str> {
    let is_sidecar = text(&old.restart_policy) == "Always";
    if member == "initContainers" && !is_sidecar {
        return (new != old).then_some("resources for non-sidecar init containers are immutable");
    }
    let mut masked = new.clone();
    masked.resources.clone_from(&old.resources);
    let rest = |container: &Container| {
        let none = ResourceRequirements::default();
        let resources = container.resources.as_ref().unwrap_or(&none);
        let others = |map: &Option<Resources>| -> Resources {
            let map = map.iter().flatten().filter(|(name, _)| !["cpu", "memory"].contains(&name.as_str()));
            map.map(|(name, amount)| (name.clone(), amount.clone())).collect()
        };
        (others(&resources.limits), others(&resources.requests), resources.claims.clone())
    };
    masked.resize_policy.clone_from(&old.resize_policy);
    let changed = masked != *old || rest(new) != rest(old);
    changed.then_some(match member {
        "containers" => "only cpu and memory resources are mutable",
        _ => "only cpu and memory resources for sidecar containers are mutable",
    })
}

/// A node that resizes containers says what resources those that run have.
fn can_resize(pod: &Value) -> bool {
    let running = |status: &&Value| meta::at(status, &["state", "running"]).is_some_and(|state| !state.is_null());
    let first = meta::items(pod, &["status", "containerStatuses"]).iter().find(running);
    first.is_none_or(|status| status.get("resources").is_some_and(|resources| !resources.is_null()))
}

/// Nothing that a container asked for may go, and memory may only shrink with a restart.
fn container_errors(path: &Path, new: &Container, old: &Container) -> FieldErrors {
    let none = ResourceRequirements::default();
    let (now, before) = (new.resources.as_ref().unwrap_or(&none), old.resources.as_ref().unwrap_or(&none));
    let removed = |now: &Option<Resources>, before: &Option<Resources>| {
        before.iter().flatten().any(|(name, _)| now.as_ref().is_none_or(|now| !now.contains_key(name)))
    };
    let mut errors = FieldErrors::new();
    if removed(&now.requests, &before.requests) {
        errors.push(FieldError::forbidden(&path.child("requests"), "resource requests cannot be removed"));
    }
    if removed(&now.limits, &before.limits) {
        errors.push(FieldError::forbidden(&path.child("limits"), "resource limits cannot be removed"));
    }
    let memory = |resources: &ResourceRequirements| {
        resources.limits.as_ref().and_then(|limits| limits.get("memory")).and_then(|amount| nanos(&amount.0))
    };
    let restarts = list(&new.resize_policy).iter().find(|policy| policy.resource_name == "memory");
    if restarts.is_some_and(|policy| policy.restart_policy == "RestartContainer") {
        return errors;
    }
    if let (Some(now), Some(before)) = (memory(now), memory(before))
        && now < before
    {
        let detail = "memory limits cannot be decreased unless resizePolicy is RestartContainer";
        errors.push(FieldError::forbidden(&path.child("limits").key("memory"), detail));
    }
    errors
}
