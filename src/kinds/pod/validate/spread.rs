//! Checks of how pods are spread over the parts of a cluster.

use std::collections::{HashMap, HashSet};

use k8s_openapi::api::core::v1::TopologySpreadConstraint;

use super::{
    super::typed::{entries, list},
    labels,
};
use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, names};

const POSITIVE: &str = "must be greater than zero";

/// Checks a pod's constraints.
pub fn errors(path: &Path, constraints: &[TopologySpreadConstraint]) -> FieldErrors {
    let kind = |constraint: &TopologySpreadConstraint| {
        (constraint.topology_key.clone(), constraint.when_unsatisfiable.clone())
    };
    let mut left: HashMap<_, usize> = HashMap::new();
    for constraint in constraints {
        *left.entry(kind(constraint)).or_default() += 1;
    }
    let mut errors = FieldErrors::new();
    for (i, constraint) in constraints.iter().enumerate() {
        let later = left.entry(kind(constraint)).or_default();
        *later -= 1;
        errors.extend(constraint_errors(&path.index(i), constraint, *later > 0));
    }
    errors
}

fn constraint_errors(path: &Path, constraint: &TopologySpreadConstraint, is_repeated: bool) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let (skew, key, action) =
        (constraint.max_skew, constraint.topology_key.as_str(), constraint.when_unsatisfiable.as_str());
    if skew <= 0 {
        errors.push(FieldError::invalid(&path.child("maxSkew"), skew, POSITIVE));
    }
    if key.is_empty() {
        errors.push(FieldError::required(&path.child("topologyKey"), "can not be empty"));
    }
    let actions = &["DoNotSchedule", "ScheduleAnyway"];
    if !actions.contains(&action) {
        errors.push(FieldError::not_supported(&path.child("whenUnsatisfiable"), action, actions));
    }
    if is_repeated {
        let path = path.child("{topologyKey, whenUnsatisfiable}");
        errors.push(FieldError::duplicate(&path, format!("{{{key}, {action}}}")));
    }
    if let Some(domains) = constraint.min_domains {
        let path = path.child("minDomains");
        if domains <= 0 {
            errors.push(FieldError::invalid(&path, domains, POSITIVE));
        }
        if action != "DoNotSchedule" {
            let detail = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
            errors.push(FieldError::invalid(&path, domains, &detail));
        }
    }
    for (member, policy) in
        [("nodeAffinityPolicy", &constraint.node_affinity_policy), ("nodeTaintsPolicy", &constraint.node_taints_policy)]
    {
        let policies = &["Honor", "Ignore"];
        if let Some(policy) = policy.as_deref().filter(|policy| !policies.contains(policy)) {
            errors.push(FieldError::not_supported(&path.child(member), policy, policies));
        }
    }
    errors.extend(label_key_errors(&path.child("matchLabelKeys"), constraint));
    if let Some(selector) = &constraint.label_selector {
        errors.extend(labels::selector_errors(&path.child("labelSelector"), selector));
    }
    errors
}

/// Checks the labels whose values the pod's own are compared with.
fn label_key_errors(path: &Path, constraint: &TopologySpreadConstraint) -> FieldErrors {
    let keys = list(&constraint.match_label_keys);
    let mut errors = FieldErrors::new();
    if !keys.is_empty() && constraint.label_selector.is_none() {
        errors.push(FieldError::forbidden(path, "must not be specified when labelSelector is not set"));
    }
    let selector = constraint.label_selector.as_ref();
    let places: HashMap<_, _> = keys.iter().enumerate().map(|(i, key)| (key.as_str(), i)).collect();
    for (i, key) in keys.iter().enumerate() {
        errors.extend(check::rule(&path.index(i), key, names::qualified_name));
    }
    // The selector has an expression for each key already; what is there twice came from the client.
    let mut seen: HashSet<_> =
        selector.iter().flat_map(|selector| entries(&selector.match_labels)).map(|(key, _)| key).collect();
    for expression in selector.iter().flat_map(|selector| list(&selector.match_expressions)) {
        let key = expression.key.as_str();
        if let (Some(i), false) = (places.get(key), seen.insert(key)) {
            let detail = "exists in both matchLabelKeys and labelSelector";
            errors.push(FieldError::invalid(&path.index(*i), key, detail));
        }
    }
    errors
}
