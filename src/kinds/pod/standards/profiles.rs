//! Profiles of AppArmor, seccomp and SELinux: containers are confined as they are by default, or as the node says.

use serde_json::Value;

use super::{
    Violation,
    view::{ContainerView, PodView, Set, containers, pair, plural, quoted, setters},
};
use crate::object::meta;

const APP_ARMOR_PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_PREFIX: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// AppArmor profiles, in fields and in the annotations that came before them.
pub fn app_armor(pod: &PodView<'_>) -> Option<Violation> {
    let (by_pod, names, values) = unconfined(pod, "appArmorProfile");
    let is_allowed =
        |profile: &str| profile.is_empty() || profile == "runtime/default" || profile.starts_with("localhost/");
    let annotations = pod.annotations().filter(|(key, value)| key.starts_with(APP_ARMOR_PREFIX) && !is_allowed(value));
    let mut annotations: Vec<_> = annotations.map(|(key, value)| pair(key, value)).collect();
    annotations.sort();
    let mut setters: Vec<_> = Some(setters(by_pod, &names)).filter(|setters| !setters.is_empty()).into_iter().collect();
    if !annotations.is_empty() {
        setters.push(plural(annotations.len(), "annotation", "annotations").to_owned());
    }
    let values: Vec<_> = values.into_iter().map(str::to_owned).chain(annotations).collect();
    let reason = plural(values.len(), "forbidden AppArmor profile", "forbidden AppArmor profiles");
    let detail = || format!("{} must not set AppArmor profile type to {}", setters.join(" and "), quoted(&values));
    (!setters.is_empty()).then(|| Violation::new(reason, detail()))
}

/// Seccomp profiles as annotations named them until v1.19.
pub fn seccomp_annotations(pod: &PodView<'_>) -> Option<Violation> {
    let is_allowed =
        |profile: &str| ["runtime/default", "docker/default"].contains(&profile) || profile.starts_with("localhost/");
    let of_containers = pod.containers().map(|container| format!("{SECCOMP_PREFIX}{}", container.name()));
    let keys = std::iter::once(SECCOMP_POD.to_owned()).chain(of_containers);
    let values = keys.filter_map(|key| Some((pod.annotation(&key)?, key)));
    let mut forbidden: Vec<_> =
        values.filter(|(value, _)| !is_allowed(value)).map(|(value, key)| pair(&key, value)).collect();
    forbidden.sort();
    forbidden.dedup();
    let detail =
        || format!("forbidden {} {}", plural(forbidden.len(), "annotation", "annotations"), forbidden.join(", "));
    (!forbidden.is_empty()).then(|| Violation::new("seccompProfile", detail()))
}

/// Seccomp profiles, where one is named.
pub fn seccomp_baseline(pod: &PodView<'_>) -> Option<Violation> {
    let (by_pod, names, values) = unconfined(pod, "seccompProfile");
    let setters = setters(by_pod, &names);
    let detail = || format!("{setters} must not set securityContext.seccompProfile.type to {}", quoted(&values));
    (!setters.is_empty()).then(|| Violation::new("seccompProfile", detail()))
}

/// Seccomp profiles, which are named for the pod or for each container.
pub fn seccomp_restricted(pod: &PodView<'_>) -> Option<Violation> {
    if let Some(violation) = seccomp_baseline(pod) {
        return Some(violation);
    }
    let of_pod = pod.security(&["seccompProfile"]).is_some();
    let silent = pod.containers_that(|container| !of_pod && container.security(&["seccompProfile"]).is_none());
    let detail = || {
        format!(
            "pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
            containers(&silent)
        )
    };
    (!silent.is_empty()).then(|| Violation::new("seccompProfile", detail()))
}

/// The same, of pods that are not for Windows.
pub fn seccomp_restricted_on_linux(pod: &PodView<'_>) -> Option<Violation> {
    if pod.is_windows() { None } else { seccomp_restricted(pod) }
}

/// Whether the pod names a profile that does not confine, which containers do, and what they name.
fn unconfined<'a>(pod: &PodView<'a>, profile: &str) -> (bool, Vec<&'a str>, Set<'a>) {
    let kind = |profile: Option<&'a Value>| profile.map(|profile| meta::text(profile, &["type"]));
    let is_bad = |kind: &&str| !["RuntimeDefault", "Localhost"].contains(kind);
    let of_pod = kind(pod.security(&[profile])).filter(is_bad);
    let of = |container: ContainerView<'a>| kind(container.security(&[profile])).filter(is_bad);
    let values = of_pod.into_iter().chain(pod.containers().filter_map(of)).collect();
    (of_pod.is_some(), pod.containers_that(|container| of(container).is_some()), values)
}

/// The types of SELinux that were allowed from the beginning.
pub fn se_linux(pod: &PodView<'_>) -> Option<Violation> {
    se_linux_options(pod, &["", "container_t", "container_init_t", "container_kvm_t"])
}

/// Since v1.31 there is another one.
pub fn se_linux_1_31(pod: &PodView<'_>) -> Option<Violation> {
    se_linux_options(pod, &["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"])
}

fn se_linux_options(pod: &PodView<'_>, allowed: &[&str]) -> Option<Violation> {
    let text = |options: &Value, member: &str| !meta::text(options, &[member]).is_empty();
    let is_bad = |options: &Value| {
        !allowed.contains(&meta::text(options, &["type"])) || text(options, "user") || text(options, "role")
    };
    let of_pod = pod.security(&["seLinuxOptions"]);
    let of = |container: ContainerView<'_>| container.security(&["seLinuxOptions"]).is_some_and(is_bad);
    let setters = setters(of_pod.is_some_and(is_bad), &pod.containers_that(of));
    if setters.is_empty() {
        return None;
    }
    let of_containers = pod.containers().filter_map(|container| container.security(&["seLinuxOptions"]));
    let all: Vec<_> = of_pod.into_iter().chain(of_containers).collect();
    let types: Set<'_> = all.iter().map(|options| meta::text(options, &["type"])).collect();
    let types: Vec<_> = types.into_iter().filter(|kind| !allowed.contains(kind)).collect();
    let mut wrong = Vec::new();
    if !types.is_empty() {
        wrong.push(format!("{} {}", plural(types.len(), "type", "types"), quoted(&types)));
    }
    for member in ["user", "role"] {
        if all.iter().any(|options| text(options, member)) {
            wrong.push(format!("{member} may not be set"));
        }
    }
    let detail = format!("{setters} set forbidden securityContext.seLinuxOptions: {}", wrong.join("; "));
    Some(Violation::new("seLinuxOptions", detail))
}
