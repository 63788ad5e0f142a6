//! What may not change about a Service.

use k8s_openapi::api::core::v1::ServiceSpec;
use serde_json::Value;

use super::{
    validate,
    view::{LOAD_BALANCER, SINGLE_STACK, SpecView},
};
use crate::object::{FieldError, FieldErrors, Path};

const SET_ONCE: &str = "may not change once set";

/// Checks the change itself; the new object is checked as well, elsewhere.
pub fn change(new: &ServiceSpec, old: &ServiceSpec) -> FieldErrors {
    let mut errors = cluster_ips(new, old);
    errors.extend(families(new, old));
    if new.kind() == LOAD_BALANCER && old.kind() == LOAD_BALANCER && new.load_balancer_class != old.load_balancer_class
    {
        let class = Value::from(new.load_balancer_class.clone());
        errors.push(FieldError::invalid(&at("loadBalancerClass"), class, SET_ONCE));
    }
    errors.extend(validate::load_balancer_class(new));
    if new.needs_health_check() && old.needs_health_check() && new.health_check_port() != old.health_check_port() {
        errors.push(FieldError::forbidden(&at("healthCheckNodePort"), "field is immutable"));
    }
    errors
}

/// The primary address stays; a secondary one may come and go.
fn cluster_ips(new: &ServiceSpec, old: &ServiceSpec) -> FieldErrors {
    let aliases = new.is_external_name() || old.is_external_name();
    if aliases || (new.is_headless() && old.is_headless()) {
        return FieldErrors::new();
    }
    let path = at("clusterIPs");
    let (now, before) = (new.ips(), old.ips());
    let invalid = |i, detail| FieldError::invalid(&path.index(i), now.to_vec(), detail);
    if now.len() == before.len() {
        let changed = (0..now.len()).filter(|i| now[*i] != before[*i]);
        return changed.map(|i| invalid(i, SET_ONCE)).collect();
    }
    let shrunk = now.len() < before.len();
    let mut errors = FieldErrors::new();
    match (now.first(), before.first()) {
        (None, _) => return vec![invalid(0, "primary clusterIP can not be unset")],
        (Some(first), Some(old_first)) if first != old_first => errors.push(invalid(0, SET_ONCE)),
        _ => {}
    }
    if shrunk && now.len() == 1 && new.policy() != SINGLE_STACK {
        errors.push(keeps_policy(new, "clusterIP"));
    }
    errors
}

/// As for addresses. Messages differ in what they print, and where.
fn families(new: &ServiceSpec, old: &ServiceSpec) -> FieldErrors {
    let aliases = new.is_external_name() || old.is_external_name();
    if aliases || new.is_headless() || old.is_headless() {
        return FieldErrors::new();
    }
    let path = at("ipFamilies").index(0);
    let (now, before) = (new.families(), old.families());
    let list = Value::from(now.to_vec());
    if now.len() == before.len() {
        let changed = (0..now.len()).filter(|i| now[*i] != before[*i]);
        return changed.map(|_| FieldError::invalid(&path, list.clone(), SET_ONCE)).collect();
    }
    let mut errors = FieldErrors::new();
    let shrunk = now.len() < before.len();
    if shrunk && new.ips().is_empty() {
        errors.push(FieldError::invalid(&path, list, "primary ipFamily can not be unset"));
    }
    if let (Some(first), Some(old_first)) = (now.first(), before.first())
        && first != old_first
    {
        errors.push(FieldError::invalid(&path, new.ips().to_vec(), SET_ONCE));
    }
    if shrunk && now.len() == 1 && new.policy() != SINGLE_STACK {
        errors.push(keeps_policy(new, "ipFamily"));
    }
    errors
}

fn keeps_policy(spec: &ServiceSpec, what: &str) -> FieldError {
    let detail = format!("must be set to 'SingleStack' when releasing the secondary {what}");
    FieldError::invalid(&at("ipFamilyPolicy"), Value::from(spec.ip_family_policy.clone()), &detail)
}

fn at(field: &str) -> Path {
    Path::new("spec").child(field)
}
