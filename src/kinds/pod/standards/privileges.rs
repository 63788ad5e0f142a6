//! Privileges: containers that are as mighty as their node, or that may become mightier than they were.

use super::{
    Violation,
    view::{PodView, containers},
};

/// No privileged containers.
pub fn privileged(pod: &PodView<'_>) -> Option<Violation> {
    let names = pod.containers_that(|container| container.security(&["privileged"]) == Some(&true.into()));
    let detail = || format!("{} must not set securityContext.privileged=true", containers(&names));
    (!names.is_empty()).then(|| Violation::new("privileged", detail()))
}

/// Containers say that they do not want to become mightier.
pub fn escalation(pod: &PodView<'_>) -> Option<Violation> {
    let names =
        pod.containers_that(|container| container.security(&["allowPrivilegeEscalation"]) != Some(&false.into()));
    let detail = || format!("{} must set securityContext.allowPrivilegeEscalation=false", containers(&names));
    (!names.is_empty()).then(|| Violation::new("allowPrivilegeEscalation != false", detail()))
}

/// The same, of pods that are not for Windows.
pub fn escalation_on_linux(pod: &PodView<'_>) -> Option<Violation> {
    if pod.is_windows() { None } else { escalation(pod) }
}
