//! Checks of resource requests and limits, of a container and of a whole pod.

use std::{collections::HashSet, iter};

use k8s_openapi::{
    api::core::v1::{PodSpec, ResourceClaim, ResourceRequirements},
    apimachinery::pkg::api::resource::Quantity,
};
use serde_json::Value;

use super::ClaimNames;
use crate::kinds::pod::{
    amounts::{self, is_for_pods},
    typed::{Resources, decode, entries, list},
};
use crate::kinds::rules::{
    check,
    resources::{amount_errors, can_be_overcommitted, container_name_errors, is_huge_pages, name_errors},
};
use crate::object::{FieldError, FieldErrors, Path, names};
use crate::text::quantity::nanos;

/// Checks a container's `resources`.
pub fn errors(path: &Path, resources: &ResourceRequirements, claims: &ClaimNames<'_>) -> FieldErrors {
    requirement_errors(path, resources, claims, container_name_errors)
}

/// Checks a list of limits such as a pod's `overhead`.
pub fn overhead_errors(path: &Path, overhead: &Resources) -> FieldErrors {
    let resources = ResourceRequirements { limits: Some(overhead.clone()), ..Default::default() };
    errors(path, &resources, &ClaimNames::new())
}

/// As [`overhead_errors`], of amounts that are still JSON.
pub fn overhead_value_errors(path: &Path, overhead: &Value) -> FieldErrors {
    match decode(path, Some(overhead)) {
        Ok(overhead) => overhead_errors(path, &overhead),
        Err(error) => vec![error],
    }
}

/// Checks a pod's own `resources`, which are for all of its containers together.
pub fn pod_errors(path: &Path, spec: &PodSpec, claims: &ClaimNames<'_>) -> FieldErrors {
    let Some(resources) = &spec.resources else { return FieldErrors::new() };
    let mut errors = FieldErrors::new();
    if resources.claims.is_some() {
        let detail = "claims cannot be set for Resources at pod-level";
        errors.push(FieldError::forbidden(&path.child("claims"), detail));
    }
    errors.extend(requirement_errors(path, resources, claims, pod_name_errors));
    for (name, amount) in amounts::requests(spec) {
        let own = resources.requests.as_ref().and_then(|requests| requests.get(name));
        let own_text = own.map_or("0", |own| own.0.as_str());
        if amount.nanos() > nanos(own_text).unwrap_or_default() {
            let detail = format!("must be greater than or equal to aggregate container requests of {amount}");
            errors.push(FieldError::invalid(&path.child("requests").key(name), own_text, &detail));
        }
    }
    for (i, container) in spec.containers.iter().enumerate() {
        let limits = container.resources.as_ref().map(|resources| entries(&resources.limits)).into_iter().flatten();
        for (name, limit) in limits {
            let most = resources.limits.as_ref().and_then(|limits| limits.get(name));
            if let Some(most) = most.filter(|most| nanos(&limit.0) > nanos(&most.0)) {
                let path = path.child("containers").index(i).key(name).child("limits");
                let detail = format!("must be less than or equal to pod limits of {}", most.0);
                errors.push(FieldError::invalid(&path, limit.0.as_str(), &detail));
            }
        }
    }
    errors
}

fn requirement_errors(
    path: &Path,
    resources: &ResourceRequirements,
    claims: &ClaimNames<'_>,
    check_name: fn(&Path, &str) -> FieldErrors,
) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let (limits, requests) = (path.child("limits"), path.child("requests"));
    for (name, amount) in entries(&resources.limits) {
        errors.extend(check_name(&limits.key(name), name));
        errors.extend(amount_errors(&limits.key(name), name, &amount.0));
        errors.extend(huge_page_error(&limits.key(name), name, amount));
    }
    for (name, amount) in entries(&resources.requests) {
        errors.extend(check_name(&requests.key(name), name));
        errors.extend(amount_errors(&requests.key(name), name, &amount.0));
        match resources.limits.as_ref().and_then(|limits| limits.get(name)) {
            Some(most) => errors.extend(excess(&requests, name, amount, most)),
            None if !can_be_overcommitted(name) => {
                errors.push(FieldError::required(&limits, "Limit must be set for non overcommitable resources"));
            }
            None => {}
        }
        errors.extend(huge_page_error(&requests.key(name), name, amount));
    }
    let asked = || entries(&resources.limits).chain(entries(&resources.requests)).map(|(name, _)| name);
    if asked().any(is_huge_pages) && !asked().any(|name| ["cpu", "memory"].contains(&name)) {
        errors.push(FieldError::forbidden(path, "HugePages require cpu or memory"));
    }
    errors.extend(claim_errors(&path.child("claims"), list(&resources.claims), claims));
    errors
}

/// A request must not exceed its limit, and must equal it where nothing can be overcommitted.
fn excess(path: &Path, name: &str, amount: &Quantity, most: &Quantity) -> Option<FieldError> {
    let (asked, limit) = (nanos(&amount.0)?, nanos(&most.0)?);
    let relation = match can_be_overcommitted(name) {
        false if asked != limit => "equal to",
        true if asked > limit => "less than or equal to",
        _ => return None,
    };
    let detail = format!("must be {relation} {name} limit of {}", most.0);
    Some(FieldError::invalid(path, amount.0.as_str(), &detail))
}

fn huge_page_error(path: &Path, name: &str, amount: &Quantity) -> Option<FieldError> {
    let size = nanos(name.strip_prefix("hugepages-")?)?;
    let value = nanos(&amount.0)?;
    let fits = size > 0 && value % size == 0;
    let detail = format!("{} is not positive integer multiple of {name}", amount.0);
    (!fits).then(|| FieldError::invalid(path, amount.0.as_str(), &detail))
}

fn pod_name_errors(path: &Path, name: &str) -> FieldErrors {
    let errors = name_errors(path, name);
    if errors.is_empty() && !is_for_pods(name) {
        return vec![FieldError::not_supported(path, name, &["cpu", "hugepages-", "memory"])];
    }
    errors
}

/// Checks which of the pod's claims a container uses: each claim as a whole, or some of its requests.
fn claim_errors(path: &Path, claims: &[ResourceClaim], known: &ClaimNames<'_>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let (mut whole, mut parts, mut partly) = (HashSet::new(), HashSet::new(), HashSet::new());
    for (i, claim) in claims.iter().enumerate() {
        let at = path.index(i);
        let (name, request) = (claim.name.as_str(), claim.request.as_deref().unwrap_or_default());
        if name.is_empty() {
            errors.push(FieldError::required(&at, ""));
            continue;
        }
        if whole.contains(name) {
            errors.push(FieldError::duplicate(&at, name));
        } else if request.is_empty() {
            if partly.contains(name) {
                errors.push(FieldError::duplicate(&at, name));
            }
            whole.insert(name);
        } else {
            errors.extend(check::rule(&at.child("request"), request, names::dns1123_label));
            if !parts.insert((name, request)) {
                errors.push(FieldError::duplicate(&at, format!("{name}/{request}")));
            }
            partly.insert(name);
        }
        if !known.contains(name) {
            errors.push(unknown_claim(&at, name, known));
        }
    }
    errors
}

fn unknown_claim(path: &Path, name: &str, known: &ClaimNames<'_>) -> FieldError {
    let mut error = FieldError::not_found(path, name);
    error.message.push_str(": must be one of the names in pod.spec.resourceClaims");
    if known.is_empty() {
        error.message.push_str(" which is empty");
    }
    let names = iter::once(": ").chain(iter::repeat(", ")).zip(known);
    error.message.extend(names.flat_map(|(before, name)| [before, name]));
    error
}
