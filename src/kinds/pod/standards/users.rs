//! Users: containers do not run as root.

use serde_json::Value;

use super::{
    Violation,
    view::{PodView, containers, setters},
};

/// The pod or each container says that it does not run as root.
pub fn non_root(pod: &PodView<'_>) -> Option<Violation> {
    const REASON: &str = "runAsNonRoot != true";
    let of_pod = pod.security(&["runAsNonRoot"]).and_then(Value::as_bool);
    let path = ["runAsNonRoot"];
    let refusing = pod.containers_that(|container| container.security(&path) == Some(&false.into()));
    let setters = setters(of_pod == Some(false), &refusing);
    if !setters.is_empty() {
        return Some(Violation::new(REASON, format!("{setters} must not set securityContext.runAsNonRoot=false")));
    }
    let silent = pod.containers_that(|container| of_pod != Some(true) && container.security(&path).is_none());
    let detail = || format!("pod or {} must set securityContext.runAsNonRoot=true", containers(&silent));
    (!silent.is_empty()).then(|| Violation::new(REASON, detail()))
}

/// The same, of pods whose users are users of the node.
pub fn non_root_in_node(pod: &PodView<'_>) -> Option<Violation> {
    if pod.has_own_users() { None } else { non_root(pod) }
}

/// Nobody names root by its number.
pub fn not_zero(pod: &PodView<'_>) -> Option<Violation> {
    let is_zero = |user: Option<&Value>| user.and_then(Value::as_i64) == Some(0);
    let named = pod.containers_that(|container| is_zero(container.security(&["runAsUser"])));
    let setters = setters(is_zero(pod.security(&["runAsUser"])), &named);
    (!setters.is_empty()).then(|| Violation::new("runAsUser=0", format!("{setters} must not set runAsUser=0")))
}

/// The same, of pods whose users are users of the node.
pub fn not_zero_in_node(pod: &PodView<'_>) -> Option<Violation> {
    if pod.has_own_users() { None } else { not_zero(pod) }
}
