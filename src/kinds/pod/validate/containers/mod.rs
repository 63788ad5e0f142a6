//! Checks of containers, in the order in which a server reports them.

mod env;
mod handlers;
mod mounts;
mod ports;
pub mod resources;
mod restarts;

use std::collections::{BTreeSet, HashSet};

use k8s_openapi::api::core::v1::{Container, EphemeralContainer};

pub use self::env::{field_errors, resource_errors};
use super::{
    super::typed::{as_container, list, text},
    SpecView, security,
};
use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, names};

/// Checks the regular containers.
pub fn errors(path: &Path, view: &SpecView<'_>) -> FieldErrors {
    let containers = view.spec.containers.as_slice();
    if containers.is_empty() {
        return vec![FieldError::required(path, "")];
    }
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, container) in containers.iter().enumerate() {
        let path = path.index(i);
        errors.extend(common_errors(&path, container, view));
        if !seen.insert(container.name.as_str()) {
            errors.push(FieldError::duplicate(&path.child("name"), container.name.as_str()));
        }
        errors.extend(handlers::errors(&path, container, view));
        errors.extend(restarts::policy_errors(&path, container));
    }
    errors.extend(ports::conflicts(path, containers));
    errors
}

/// Checks the init containers, whose names regular containers may not have.
pub fn init_errors(path: &Path, view: &SpecView<'_>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut seen: HashSet<_> = view.spec.containers.iter().map(|container| container.name.as_str()).collect();
    for (i, container) in list(&view.spec.init_containers).iter().enumerate() {
        let at = path.index(i);
        errors.extend(common_errors(&at, container, view));
        errors.extend(restarts::policy_errors(&at, container));
        let name = container.name.as_str();
        if seen.contains(name) {
            errors.push(FieldError::duplicate(&at.child("name"), name));
        } else if !name.is_empty() {
            seen.insert(name);
        }
        // Init containers run one after the other, so each has the host's ports to itself.
        errors.extend(ports::conflicts(path, std::slice::from_ref(container)));
        if restarts::is_sidecar(container) {
            errors.extend(handlers::errors(&at, container, view));
        } else {
            let detail = "may not be set for init containers without restartPolicy=Always";
            errors.extend(handlers::given(container).map(|member| FieldError::forbidden(&at.child(member), detail)));
        }
    }
    errors
}

/// Checks the ephemeral containers, whose names no other container may have.
pub fn ephemeral_errors(path: &Path, view: &SpecView<'_>) -> FieldErrors {
    let containers = list(&view.spec.ephemeral_containers);
    if containers.is_empty() {
        return FieldErrors::new();
    }
    let others = view.spec.containers.iter().chain(list(&view.spec.init_containers));
    let others: HashSet<_> = others.map(|container| container.name.as_str()).collect();
    let mut seen = others.clone();
    let mut errors = FieldErrors::new();
    for (i, ephemeral) in containers.iter().enumerate() {
        let path = path.index(i);
        let container = as_container(ephemeral);
        errors.extend(common_errors(&path, &container, view));
        errors.extend(image_space_error(&path, &container));
        if !seen.insert(ephemeral.name.as_str()) {
            errors.push(FieldError::duplicate(&path.child("name"), ephemeral.name.as_str()));
        }
        let target = text(&ephemeral.target_container_name);
        if !target.is_empty() && !others.contains(target) {
            errors.push(FieldError::not_found(&path.child("targetContainerName"), target));
        }
        errors.extend(only_for_services(&path, ephemeral));
    }
    errors
}

/// An image with space around it can't be pulled. Templates may have one: some programs replace it later.
pub fn image_space_error(path: &Path, container: &Container) -> Option<FieldError> {
    let image = text(&container.image);
    let detail = "must not have leading or trailing whitespace";
    (image.trim() != image).then(|| FieldError::invalid(&path.child("image"), image, detail))
}

/// Checks what all kinds of containers have in common.
fn common_errors(path: &Path, container: &Container, view: &SpecView<'_>) -> FieldErrors {
    let mut errors = check::required_rule(&path.child("name"), &container.name, names::dns1123_label);
    if text(&container.image).is_empty() {
        errors.push(FieldError::required(&path.child("image"), ""));
    }
    let policies = &["File", "FallbackToLogsOnError"];
    let at = path.child("terminationMessagePolicy");
    errors.extend(check::one_of(&at, text(&container.termination_message_policy), policies));
    errors.extend(ports::errors(&path.child("ports"), list(&container.ports)));
    errors.extend(env::errors(&path.child("env"), list(&container.env)));
    errors.extend(env::from_errors(&path.child("envFrom"), list(&container.env_from)));
    errors.extend(mounts::errors(&path.child("volumeMounts"), container, &view.volumes));
    errors.extend(mounts::device_errors(&path.child("volumeDevices"), container, &view.volumes));
    errors.extend(check::one_of(&path.child("imagePullPolicy"), text(&container.image_pull_policy), PULL_POLICIES));
    if let Some(resources) = &container.resources {
        errors.extend(resources::errors(&path.child("resources"), resources, &view.claims));
    }
    let pod_policy = text(&view.spec.restart_policy);
    errors.extend(restarts::resize_errors(&path.child("resizePolicy"), list(&container.resize_policy), pod_policy));
    if let Some(context) = &container.security_context {
        errors.extend(security::container_errors(&path.child("securityContext"), context, view.host_users));
    }
    errors
}

/// When images are pulled.
pub const PULL_POLICIES: &[&str] = &["Always", "IfNotPresent", "Never"];

/// What serves others, or needs resources of its own, has no place in a container for debugging.
fn only_for_services(path: &Path, container: &EphemeralContainer) -> FieldErrors {
    let resources = container.resources.as_ref();
    let given = [
        ("ports", !list(&container.ports).is_empty()),
        ("resources", resources.is_some_and(|resources| *resources != Default::default())),
        ("resizePolicy", !list(&container.resize_policy).is_empty()),
        ("restartPolicy", container.restart_policy.is_some()),
        ("restartPolicyRules", !list(&container.restart_policy_rules).is_empty()),
        ("livenessProbe", container.liveness_probe.is_some()),
        ("readinessProbe", container.readiness_probe.is_some()),
        ("startupProbe", container.startup_probe.is_some()),
        ("lifecycle", container.lifecycle.is_some()),
    ];
    let detail = "cannot be set for an Ephemeral Container";
    let members = given.into_iter().filter(|(_, given)| *given).map(|(member, _)| path.child(member));
    let mut errors: FieldErrors = members.map(|path| FieldError::forbidden(&path, detail)).collect();
    for (i, mount) in list(&container.volume_mounts).iter().enumerate() {
        let path = path.child("volumeMounts").index(i);
        for (member, value) in [("subPath", &mount.sub_path), ("subPathExpr", &mount.sub_path_expr)] {
            if !text(value).is_empty() {
                errors.push(FieldError::forbidden(&path.child(member), detail));
            }
        }
    }
    errors
}

/// The names of a pod's claims, in order.
pub type ClaimNames<'a> = BTreeSet<&'a str>;
