//! Checks of which nodes, and which neighbours, a pod wants.

use std::collections::{HashMap, HashSet};

use k8s_openapi::{
    api::core::v1::{
        Affinity, NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodAffinityTerm,
        WeightedPodAffinityTerm,
    },
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};

use super::{
    super::typed::{entries, list},
    labels,
};
use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, names};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Checks a pod's affinities.
pub fn errors(path: &Path, affinity: &Affinity) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if let Some(node) = &affinity.node_affinity {
        errors.extend(node_errors(&path.child("nodeAffinity"), node));
    }
    let near = affinity.pod_affinity.as_ref().map(|near| {
        let (required, preferred) = (
            list(&near.required_during_scheduling_ignored_during_execution),
            list(&near.preferred_during_scheduling_ignored_during_execution),
        );
        ("podAffinity", required, preferred)
    });
    let far = affinity.pod_anti_affinity.as_ref().map(|far| {
        let (required, preferred) = (
            list(&far.required_during_scheduling_ignored_during_execution),
            list(&far.preferred_during_scheduling_ignored_during_execution),
        );
        ("podAntiAffinity", required, preferred)
    });
    for (member, required, preferred) in near.into_iter().chain(far) {
        errors.extend(pod_errors(&path.child(member), required, preferred));
    }
    errors
}

fn node_errors(path: &Path, affinity: &NodeAffinity) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if let Some(selector) = &affinity.required_during_scheduling_ignored_during_execution {
        errors.extend(node_selector_errors(&path.child(REQUIRED), selector));
    }
    let preferred = list(&affinity.preferred_during_scheduling_ignored_during_execution);
    for (i, term) in preferred.iter().enumerate() {
        let path = path.child(PREFERRED).index(i);
        errors.extend(weight_error(&path, term.weight));
        errors.extend(node_term_errors(&path.child("preference"), &term.preference, false));
    }
    errors
}

/// Checks which nodes are selected.
pub fn node_selector_errors(path: &Path, selector: &NodeSelector) -> FieldErrors {
    let path = path.child("nodeSelectorTerms");
    let mut errors = FieldErrors::new();
    if selector.node_selector_terms.is_empty() {
        errors.push(FieldError::required(&path, "must have at least one node selector term"));
    }
    for (i, term) in selector.node_selector_terms.iter().enumerate() {
        errors.extend(node_term_errors(&path.index(i), term, true));
    }
    errors
}

fn weight_error(path: &Path, weight: i32) -> Option<FieldError> {
    let detail = "must be in the range 1-100";
    (!(1..=100).contains(&weight)).then(|| FieldError::invalid(&path.child("weight"), weight, detail))
}

/// Checks a term. A preference may compare with values that no label has.
fn node_term_errors(path: &Path, term: &NodeSelectorTerm, strict: bool) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, requirement) in list(&term.match_expressions).iter().enumerate() {
        errors.extend(label_errors(&path.child("matchExpressions").index(i), requirement, strict));
    }
    for (i, requirement) in list(&term.match_fields).iter().enumerate() {
        errors.extend(field_errors(&path.child("matchFields").index(i), requirement));
    }
    errors
}

fn label_errors(path: &Path, requirement: &NodeSelectorRequirement, strict: bool) -> FieldErrors {
    let values = list(&requirement.values);
    let at = path.child("values");
    let mut errors = FieldErrors::new();
    match requirement.operator.as_str() {
        "In" | "NotIn" if values.is_empty() => {
            errors.push(FieldError::required(&at, "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            errors.push(FieldError::forbidden(&at, detail));
        }
        "Gt" | "Lt" if values.len() != 1 => {
            errors.push(FieldError::required(&at, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => errors.push(FieldError::invalid(&path.child("operator"), other, "not a valid selector operator")),
    }
    errors.extend(check::rule(&path.child("key"), &requirement.key, names::qualified_name));
    for (i, value) in values.iter().enumerate().filter(|_| strict) {
        errors.extend(check::rule(&at.index(i), value, names::label_value));
    }
    errors
}

fn field_errors(path: &Path, requirement: &NodeSelectorRequirement) -> FieldErrors {
    let values = list(&requirement.values);
    let at = path.child("values");
    let mut errors = FieldErrors::new();
    match requirement.operator.as_str() {
        "In" | "NotIn" if values.len() != 1 => {
            let detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
            errors.push(FieldError::required(&at, detail));
        }
        "In" | "NotIn" => {}
        other => errors.push(FieldError::invalid(&path.child("operator"), other, "not a valid selector operator")),
    }
    let key = requirement.key.as_str();
    if key != "metadata.name" {
        errors.push(FieldError::invalid(&path.child("key"), key, "not a valid field selector key"));
        return errors;
    }
    for (i, value) in values.iter().enumerate() {
        errors.extend(check::rule(&at.index(i), value, names::dns1123_subdomain));
    }
    errors
}

fn pod_errors(path: &Path, required: &[PodAffinityTerm], preferred: &[WeightedPodAffinityTerm]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, term) in required.iter().enumerate() {
        errors.extend(pod_term_errors(&path.child(REQUIRED).index(i), term));
    }
    for (i, term) in preferred.iter().enumerate() {
        let path = path.child(PREFERRED).index(i);
        errors.extend(weight_error(&path, term.weight));
        errors.extend(pod_term_errors(&path.child("podAffinityTerm"), &term.pod_affinity_term));
    }
    errors
}

fn pod_term_errors(path: &Path, term: &PodAffinityTerm) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (member, selector) in [("labelSelector", &term.label_selector), ("namespaceSelector", &term.namespace_selector)]
    {
        errors.extend(selector.iter().flat_map(|selector| labels::selector_errors(&path.child(member), selector)));
    }
    for namespace in list(&term.namespaces) {
        errors.extend(check::rule(&path.child("namespace"), namespace, names::dns1123_label));
    }
    errors.extend(label_key_errors(path, term));
    let (at, key) = (path.child("topologyKey"), term.topology_key.as_str());
    if key.is_empty() {
        errors.push(FieldError::required(&at, "can not be empty"));
    }
    errors.extend(check::rule(&at, key, names::qualified_name));
    errors
}

/// Checks the labels whose values the pod's own are compared with.
fn label_key_errors(path: &Path, term: &PodAffinityTerm) -> FieldErrors {
    let (matched, mismatched) = (list(&term.match_label_keys), list(&term.mismatch_label_keys));
    let mut errors = FieldErrors::new();
    for (member, keys) in [("matchLabelKeys", matched), ("mismatchLabelKeys", mismatched)] {
        let path = path.child(member);
        if !keys.is_empty() && term.label_selector.is_none() {
            errors.push(FieldError::forbidden(&path, "must not be specified when labelSelector is not set"));
            continue;
        }
        for (i, key) in keys.iter().enumerate() {
            errors.extend(check::rule(&path.index(i), key, names::qualified_name));
        }
    }
    errors.extend(term.label_selector.iter().flat_map(|selector| named_twice(path, matched, selector)));
    let excluded: HashSet<_> = mismatched.iter().collect();
    for (i, key) in matched.iter().enumerate().filter(|(_, key)| excluded.contains(key)) {
        let detail = "exists in both matchLabelKeys and mismatchLabelKeys";
        errors.push(FieldError::invalid(&path.child("matchLabelKeys").index(i), key.as_str(), detail));
    }
    errors
}

/// A selector already has an expression for each of the keys; a second one came from the client.
fn named_twice(path: &Path, keys: &[String], selector: &LabelSelector) -> FieldErrors {
    let places: HashMap<_, _> = keys.iter().enumerate().map(|(i, key)| (key.as_str(), i)).collect();
    let mut seen: HashSet<_> = entries(&selector.match_labels).map(|(key, _)| key).collect();
    let mut errors = FieldErrors::new();
    for expression in list(&selector.match_expressions) {
        let key = expression.key.as_str();
        if let (Some(i), false) = (places.get(key), seen.insert(key)) {
            let detail = "exists in both matchLabelKeys and labelSelector";
            errors.push(FieldError::invalid(&path.index(*i), key, detail));
        }
    }
    errors
}
