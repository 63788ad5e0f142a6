//! What an update of a pod may change: hardly anything.

use std::collections::{HashMap, HashSet};

use k8s_openapi::api::core::v1::{Container, NodeSelectorTerm, PodSpec, Toleration};
use serde_json::Value;

use super::{
    go,
    typed::{entries, list, text},
    validate::{self, annotations, containers, scheduling},
};
use crate::kinds::rules::{diff, go_struct};
use crate::object::{FieldError, FieldErrors, Path, meta};

const ONLY: &str = "pod updates may not change fields other than \
                    `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
                    `spec.tolerations` (only additions to existing tolerations),\
                    `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// Checks an update through the pod itself.
pub fn errors(pod: &Value, old: &Value) -> FieldErrors {
    let (new, before) = match (validate::spec_of(pod), validate::spec_of(old)) {
        (Ok(new), Ok(before)) => (new, before),
        (Err(error), _) | (_, Err(error)) => return vec![error],
    };
    let path = Path::new("spec");
    let mut errors = validate::errors(pod, &new);
    errors.extend(annotation_errors(pod, old));
    let lists = [
        ("containers", new.containers.as_slice(), before.containers.as_slice()),
        ("initContainers", list(&new.init_containers), list(&before.init_containers)),
    ];
    for (member, new, before) in lists {
        let path = path.child(member);
        if new.len() != before.len() {
            errors.push(FieldError::forbidden(&path, "pod updates may not add or remove containers"));
            return errors;
        }
        errors.extend(image_errors(&path, new));
    }
    match deadline_error(&path.child("activeDeadlineSeconds"), &new, &before) {
        Some((error, true)) => {
            errors.push(error);
            return errors;
        }
        error => errors.extend(error.map(|(error, _)| error)),
    }
    errors.extend(removed_tolerations(&path.child("tolerations"), list(&new.tolerations), list(&before.tolerations)));
    errors.extend(added_gates(&path.child("schedulingGates"), &new, &before));
    let mut masked = mask(new, &before);
    if !list(&before.scheduling_gates).is_empty() {
        errors.extend(mask_gated(&path, &mut masked, &before));
    }
    if masked != before {
        let shown = |spec: &PodSpec| go::render(&serde_json::to_value(spec).unwrap_or_default());
        let diff = diff::unified(&shown(&before), &shown(&masked));
        errors.push(FieldError::forbidden(&path, &format!("{ONLY}\n{diff}")));
    }
    errors
}

/// Checks what the annotations say of an updated pod.
pub fn annotation_errors(pod: &Value, old: &Value) -> FieldErrors {
    let path = Path::new("metadata").child("annotations");
    let of = |pod| meta::map(pod, &["metadata", "annotations"]);
    let mut errors = annotations::update_errors(&path, of(pod), of(old));
    if let Ok(spec) = validate::spec_of(pod) {
        errors.extend(annotations::errors(&path, of(pod), &spec));
    }
    errors
}

fn image_errors(path: &Path, containers: &[Container]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, container) in containers.iter().enumerate() {
        if text(&container.image).is_empty() {
            errors.push(FieldError::required(&path.index(i).child("image"), ""));
        }
        errors.extend(containers::image_space_error(&path.index(i), container));
    }
    errors
}

/// A deadline may be set or brought forward. An impossible one ends the checks, a removed one doesn't.
fn deadline_error(path: &Path, new: &PodSpec, old: &PodSpec) -> Option<(FieldError, bool)> {
    let max = i64::from(i32::MAX);
    match (new.active_deadline_seconds, old.active_deadline_seconds) {
        (Some(new), _) if !(0..=max).contains(&new) => {
            Some((FieldError::invalid(path, new, &format!("must be between 0 and {max}, inclusive")), true))
        }
        (Some(new), Some(old)) if new > old => {
            Some((FieldError::invalid(path, new, "must be less than or equal to previous value"), true))
        }
        (None, Some(_)) => {
            let detail = "must not update from a positive integer to nil value";
            Some((FieldError::invalid(path, Value::Null, detail), false))
        }
        _ => None,
    }
}

fn removed_tolerations(path: &Path, new: &[Toleration], old: &[Toleration]) -> FieldErrors {
    let kind = |toleration: &Toleration| {
        let text = |value: &Option<String>| text(value).to_owned();
        (text(&toleration.key), text(&toleration.operator), text(&toleration.value), text(&toleration.effect))
    };
    let kept: HashSet<_> = new.iter().map(kind).collect();
    if old.iter().all(|toleration| kept.contains(&kind(toleration))) {
        return scheduling::toleration_errors(path, new);
    }
    let detail = "existing toleration can not be modified except its tolerationSeconds";
    vec![FieldError::forbidden(path, detail)]
}

fn added_gates(path: &Path, new: &PodSpec, old: &PodSpec) -> FieldErrors {
    let known: HashSet<_> = list(&old.scheduling_gates).iter().map(|gate| gate.name.as_str()).collect();
    let gates = list(&new.scheduling_gates).iter().enumerate();
    // Of several gates of one name the last counts.
    let added: HashMap<_, _> = gates.map(|(i, gate)| (gate.name.as_str(), i)).collect();
    let mut added: Vec<_> = added.into_iter().filter(|(name, _)| !known.contains(name)).collect();
    added.sort_by_key(|(_, i)| *i);
    let error = |(name, i): (&str, usize)| {
        let detail = format!("only deletion is allowed, but found new scheduling gate '{name}'");
        FieldError::forbidden(&path.index(i).child("name"), &detail)
    };
    added.into_iter().map(error).collect()
}

/// The new spec with the old values in the places that may change.
fn mask(mut spec: PodSpec, old: &PodSpec) -> PodSpec {
    let images = |new: &mut [Container], old: &[Container]| {
        for (new, old) in new.iter_mut().zip(old) {
            new.image.clone_from(&old.image);
        }
    };
    images(&mut spec.containers, &old.containers);
    images(spec.init_containers.as_deref_mut().unwrap_or_default(), list(&old.init_containers));
    spec.active_deadline_seconds = old.active_deadline_seconds;
    spec.scheduling_gates.clone_from(&old.scheduling_gates);
    spec.tolerations.clone_from(&old.tolerations);
    let grace = old.termination_grace_period_seconds;
    if grace.is_some_and(|seconds| seconds < 0) && spec.termination_grace_period_seconds == Some(1) {
        spec.termination_grace_period_seconds = grace;
    }
    spec
}

/// A pod that waits at a gate may become choosier about its node. Checks that and puts back the old choice.
fn mask_gated(path: &Path, spec: &mut PodSpec, old: &PodSpec) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if spec.node_selector != old.node_selector {
        let new = spec.node_selector.as_ref();
        let kept = entries(&old.node_selector).all(|(key, value)| new.and_then(|new| new.get(key)) == Some(value));
        if !kept {
            let shown = serde_json::to_value(&spec.node_selector).unwrap_or_default();
            let detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
            errors.push(FieldError::invalid(&path.child("nodeSelector"), shown, detail));
        }
        spec.node_selector.clone_from(&old.node_selector);
    }
    let of = |spec: &PodSpec| spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.clone());
    let (new_affinity, old_affinity) = (of(spec), of(old));
    if new_affinity != old_affinity {
        let terms = |affinity: &Option<k8s_openapi::api::core::v1::NodeAffinity>| {
            let required = affinity.as_ref()?.required_during_scheduling_ignored_during_execution.clone();
            required.map(|selector| selector.node_selector_terms)
        };
        if let Some(old_terms) = terms(&old_affinity) {
            let path = path.child("affinity").child("nodeAffinity");
            let path = path.child("requiredDuringSchedulingIgnoredDuringExecution").child("nodeSelectorTerms");
            errors.extend(term_errors(&path, &terms(&new_affinity).unwrap_or_default(), &old_terms));
        }
        let affinity = spec.affinity.get_or_insert_default();
        affinity.node_affinity = old_affinity;
        if old.affinity.is_none() && *affinity == Default::default() {
            spec.affinity = None;
        }
    }
    errors
}

fn term_errors(path: &Path, new: &[NodeSelectorTerm], old: &[NodeSelectorTerm]) -> FieldErrors {
    let shown = |term: &NodeSelectorTerm| go_struct::show(term, crate::kinds::pod::go_layout::NODE_TERM);
    if !old.is_empty() && old.len() != new.len() {
        let shown: Vec<_> = new.iter().map(shown).collect();
        let detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        return vec![FieldError::invalid(path, shown, detail)];
    }
    let grown = |new: &NodeSelectorTerm, old: &NodeSelectorTerm| {
        let (new_labels, old_labels) = (list(&new.match_expressions), list(&old.match_expressions));
        let (new_fields, old_fields) = (list(&new.match_fields), list(&old.match_fields));
        let was_empty = old_labels.is_empty() && old_fields.is_empty();
        let is_empty = new_labels.is_empty() && new_fields.is_empty();
        (!was_empty || is_empty) && new_labels.starts_with(old_labels) && new_fields.starts_with(old_fields)
    };
    let pairs = new.iter().zip(old).enumerate().filter(|(_, (new, old))| !grown(new, old));
    let detail = "only additions are allowed (no mutations or deletions)";
    pairs.map(|(i, (new, _))| FieldError::invalid(&path.index(i), shown(new), detail)).collect()
}
