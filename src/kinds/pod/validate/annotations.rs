//! Checks of annotations that say something about the pod itself: what kubelets and schedulers once read from them.

use k8s_openapi::api::core::v1::{AppArmorProfile, PodSpec, SeccompProfile, Toleration};
use serde_json::Value;

use super::{super::typed::list, all_containers, scheduling, volumes};
use crate::object::{FieldError, FieldErrors, Path, meta::Object};

/// Marks the pod that mirrors one of a kubelet's own.
pub const MIRROR: &str = "kubernetes.io/config.mirror";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
const TOLERATIONS: &str = "scheduler.alpha.kubernetes.io/tolerations";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const LOCALHOST: &str = "localhost/";

/// Checks the values of the annotations that a pod or template has.
pub fn errors(path: &Path, annotations: Option<&Object>, spec: &PodSpec) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let Some(annotations) = annotations else { return errors };
    let text = |key: &str| annotations.get(key).and_then(Value::as_str);
    if let Some(value) = text(MIRROR)
        && spec.node_name.as_deref().unwrap_or_default().is_empty()
    {
        let detail = "must set spec.nodeName if mirror pod annotation is set";
        errors.push(FieldError::invalid(&path.key(MIRROR), value, detail));
    }
    if let Some(value) = text(TOLERATIONS).filter(|value| !value.is_empty()) {
        match serde_json::from_str::<Vec<Toleration>>(value) {
            Ok(tolerations) => errors.extend(scheduling::toleration_errors(&path.child(TOLERATIONS), &tolerations)),
            Err(error) => errors.push(FieldError::invalid(path, TOLERATIONS, &error.to_string())),
        }
    }
    if let Some(cost) = text(DELETION_COST).filter(|cost| !is_cost(cost)) {
        errors.push(FieldError::invalid(&path.key(DELETION_COST), cost, "must be a 32bit integer"));
    }
    if let Some(profile) = text(SECCOMP_POD) {
        errors.extend(seccomp_errors(&path.child(SECCOMP_POD), profile));
    }
    for (key, value) in annotations {
        let value = value.as_str().unwrap_or_default();
        if key.starts_with(SECCOMP_CONTAINER) {
            errors.extend(seccomp_errors(&path.child(key), value));
        }
        if let Some(container) = key.strip_prefix(APP_ARMOR) {
            errors.extend(app_armor_errors(&path.key(key), container, value, spec));
        }
    }
    errors
}

/// Checks that what annotations and fields both say is the same.
pub fn agreement_errors(path: &Path, annotations: Option<&Object>, spec: &PodSpec) -> FieldErrors {
    let Some(annotations) = annotations else { return FieldErrors::new() };
    let text = |key: &str| annotations.get(key).and_then(Value::as_str);
    let mut errors = FieldErrors::new();
    let context = spec.security_context.as_ref();
    let at = path.child("securityContext").child("seccompProfile");
    if let (Some(value), Some(profile)) = (text(SECCOMP_POD), context.and_then(|c| c.seccomp_profile.as_ref())) {
        errors.extend(disagreement(&at, "seccomp", value, &profile.into()));
    }
    let containers = all_containers(path, spec);
    for (path, container) in &containers {
        let profile = container.security_context.as_ref().and_then(|context| context.seccomp_profile.as_ref());
        if let (Some(profile), Some(value)) = (profile, text(&format!("{SECCOMP_CONTAINER}{}", container.name))) {
            let path = path.child("securityContext").child("seccompProfile");
            errors.extend(disagreement(&path, "seccomp", value, &profile.into()));
        }
    }
    if spec.os.as_ref().is_some_and(|os| os.name == "windows") {
        return errors;
    }
    let of_pod = context.and_then(|context| context.app_armor_profile.as_ref());
    for (path, container) in &containers {
        let own = container.security_context.as_ref().and_then(|context| context.app_armor_profile.as_ref());
        if let (Some(profile), Some(value)) = (own.or(of_pod), text(&format!("{APP_ARMOR}{}", container.name))) {
            let path = path.child("securityContext").child("appArmorProfile");
            errors.extend(disagreement(&path, "apparmor", value, &profile.into()));
        }
    }
    errors
}

/// Checks the annotations that may not come, go or change after a pod was made.
pub fn update_errors(path: &Path, new: Option<&Object>, old: Option<&Object>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let fixed = |key: &str| {
        let app_armor = key.starts_with(APP_ARMOR).then_some("AppArmor annotations");
        app_armor.or((key == MIRROR).then_some("mirror pod annotation"))
    };
    for (key, value) in old.into_iter().flatten() {
        let kept = new.and_then(|new| new.get(key)) == Some(value);
        if let Some(what) = fixed(key).filter(|_| !kept) {
            errors.push(FieldError::forbidden(&path.key(key), &format!("may not remove or update {what}")));
        }
    }
    for (key, _) in new.into_iter().flatten().filter(|(key, _)| old.is_none_or(|old| !old.contains_key(*key))) {
        if let Some(what) = fixed(key) {
            errors.push(FieldError::forbidden(&path.key(key), &format!("may not add {what}")));
        }
    }
    errors
}

/// A profile, wherever it is written.
struct Profile<'a> {
    kind: &'a str,
    name: Option<&'a str>,
}

impl<'a> From<&'a SeccompProfile> for Profile<'a> {
    fn from(profile: &'a SeccompProfile) -> Self {
        Self { kind: &profile.type_, name: profile.localhost_profile.as_deref() }
    }
}

impl<'a> From<&'a AppArmorProfile> for Profile<'a> {
    fn from(profile: &'a AppArmorProfile) -> Self {
        Self { kind: &profile.type_, name: profile.localhost_profile.as_deref() }
    }
}

fn disagreement(path: &Path, what: &str, value: &str, profile: &Profile<'_>) -> Option<FieldError> {
    let agrees = match profile.kind {
        "Unconfined" => value == "unconfined",
        "RuntimeDefault" => value == "runtime/default" || (what == "seccomp" && value == "docker/default"),
        "Localhost" => value.starts_with(LOCALHOST),
        _ => true,
    };
    if !agrees {
        return Some(FieldError::forbidden(
            &path.child("type"),
            &format!("{what} type in annotation and field must match"),
        ));
    }
    let same_name = profile.kind != "Localhost" || value.strip_prefix(LOCALHOST) == profile.name;
    let detail = format!("{what} profile in annotation and field must match");
    (!same_name).then(|| FieldError::forbidden(&path.child("localhostProfile"), &detail))
}

fn seccomp_errors(path: &Path, profile: &str) -> FieldErrors {
    match profile.strip_prefix(LOCALHOST) {
        _ if ["runtime/default", "docker/default", "unconfined"].contains(&profile) => FieldErrors::new(),
        Some(file) => volumes::relative_path_errors(path, file),
        None => vec![FieldError::invalid(path, profile, "must be a valid seccomp profile")],
    }
}

fn app_armor_errors(path: &Path, container: &str, profile: &str, spec: &PodSpec) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let regular = list(&spec.init_containers).iter().chain(&spec.containers).map(|container| &container.name);
    let mut names = regular.chain(list(&spec.ephemeral_containers).iter().map(|container| &container.name));
    if !names.any(|name| name == container) {
        errors.push(FieldError::invalid(path, container, "container not found"));
    }
    if !["", "runtime/default", "unconfined"].contains(&profile) && !profile.starts_with(LOCALHOST) {
        let detail = format!("invalid AppArmor profile name: {profile:?}");
        errors.push(FieldError::invalid(path, profile, &detail));
    }
    errors
}

/// A deletion cost is a 32-bit number without needless signs and zeros.
fn is_cost(cost: &str) -> bool {
    let digits = cost.strip_prefix('-').unwrap_or(cost);
    let plain = cost == "0" || !(digits.starts_with('0') || cost.starts_with('+'));
    plain && cost.parse::<i32>().is_ok()
}
