//! Checks of what a pod and its containers may do on their node.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::{
    AppArmorProfile, PodSecurityContext, PodSpec, SeccompProfile, SecurityContext, Sysctl,
};

use super::{super::typed::list, volumes::relative_path_errors, windows};
use crate::kinds::rules::{check, go_struct};
use crate::object::{FieldError, FieldErrors, Path};

/// The most bytes of the name of a kernel's setting.
const SYSCTL_MAX: usize = 253;
/// The most bytes of a path.
const PATH_MAX: usize = 4095;

/// Checks a pod's security context.
pub fn pod_errors(path: &Path, context: &PodSecurityContext, spec: &PodSpec) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (member, id) in
        [("fsGroup", context.fs_group), ("runAsUser", context.run_as_user), ("runAsGroup", context.run_as_group)]
    {
        errors.extend(id_error(&path.child(member), id));
    }
    for (i, id) in list(&context.supplemental_groups).iter().enumerate() {
        errors.extend(id_error(&path.child("supplementalGroups").index(i), Some(*id)));
    }
    if spec.share_process_namespace == Some(true) && spec.host_pid == Some(true) {
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.push(FieldError::invalid(&path.child("shareProcessNamespace"), true, detail));
    }
    errors.extend(sysctl_errors(&path.child("sysctls"), list(&context.sysctls), spec));
    errors.extend(choice(
        &path.child("fsGroupChangePolicy"),
        &context.fs_group_change_policy,
        &["Always", "OnRootMismatch"],
    ));
    errors.extend(seccomp_errors(&path.child("seccompProfile"), &context.seccomp_profile));
    errors.extend(windows::option_errors(&path.child("windowsOptions"), &context.windows_options));
    errors.extend(app_armor_errors(&path.child("appArmorProfile"), &context.app_armor_profile));
    let at = path.child("supplementalGroupsPolicy");
    errors.extend(choice(&at, &context.supplemental_groups_policy, &["Merge", "Strict"]));
    let at = path.child("seLinuxChangePolicy");
    errors.extend(choice(&at, &context.se_linux_change_policy, &["MountOption", "Recursive"]));
    errors
}

/// Checks a container's security context.
pub fn container_errors(path: &Path, context: &SecurityContext, host_users: bool) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (member, id) in [("runAsUser", context.run_as_user), ("runAsGroup", context.run_as_group)] {
        errors.extend(id_error(&path.child(member), id));
    }
    let at = path.child("procMount");
    errors.extend(choice(&at, &context.proc_mount, &["Default", "Unmasked"]));
    if host_users && context.proc_mount.as_deref() == Some("Unmasked") {
        errors.push(FieldError::invalid(&at, "Unmasked", "`hostUsers` must be false to use `Unmasked`"));
    }
    errors.extend(seccomp_errors(&path.child("seccompProfile"), &context.seccomp_profile));
    if context.allow_privilege_escalation == Some(false) {
        let refuse = |what: &str| {
            let detail = format!("cannot set `allowPrivilegeEscalation` to false and {what}");
            FieldError::invalid(path, go_struct::show(context, crate::kinds::pod::go_layout::SECURITY_CONTEXT), &detail)
        };
        if context.privileged == Some(true) {
            errors.push(refuse("`privileged` to true"));
        }
        let added = context.capabilities.iter().flat_map(|capabilities| list(&capabilities.add));
        let all = added.filter(|capability| *capability == "CAP_SYS_ADMIN");
        errors.extend(all.map(|_| refuse("`capabilities.Add` CAP_SYS_ADMIN")));
    }
    errors.extend(windows::option_errors(&path.child("windowsOptions"), &context.windows_options));
    errors.extend(app_armor_errors(&path.child("appArmorProfile"), &context.app_armor_profile));
    errors
}

/// Checks an AppArmor profile.
pub fn app_armor_errors(path: &Path, profile: &Option<AppArmorProfile>) -> FieldErrors {
    let Some(profile) = profile else { return FieldErrors::new() };
    let at = path.child("localhostProfile");
    let missing = || FieldError::required(&at, "must be set when AppArmor type is Localhost");
    let mut errors = FieldErrors::new();
    match (profile.type_.as_str(), profile.localhost_profile.as_deref()) {
        ("Localhost", None) => errors.push(missing()),
        ("Localhost", Some(name)) => {
            if name.trim() != name {
                errors.push(FieldError::invalid(&at, name, "must not be padded with whitespace"));
            } else if name.is_empty() {
                errors.push(missing());
            }
            if name.len() > PATH_MAX {
                errors.push(FieldError::too_long(&at, PATH_MAX));
            }
        }
        ("RuntimeDefault" | "Unconfined", None) => {}
        ("RuntimeDefault" | "Unconfined", Some(name)) => {
            errors.push(FieldError::invalid(&at, name, "can only be set when AppArmor type is Localhost"));
        }
        ("", _) => {
            errors.push(FieldError::required(&path.child("type"), "type is required when appArmorProfile is set"));
        }
        (other, _) => {
            let types = &["Localhost", "RuntimeDefault", "Unconfined"];
            errors.push(FieldError::not_supported(&path.child("type"), other, types));
        }
    }
    errors
}

fn seccomp_errors(path: &Path, profile: &Option<SeccompProfile>) -> FieldErrors {
    let Some(profile) = profile else { return FieldErrors::new() };
    let mut errors = FieldErrors::new();
    let (kind, at) = (profile.type_.as_str(), path.child("type"));
    let types = &["Localhost", "RuntimeDefault", "Unconfined"];
    if kind.is_empty() {
        errors.push(FieldError::required(&at, "type is required when seccompProfile is set"));
    } else if !types.contains(&kind) {
        errors.push(FieldError::not_supported(&at, kind, types));
    }
    let at = path.child("localhostProfile");
    match (kind == "Localhost", &profile.localhost_profile) {
        (true, None) => errors.push(FieldError::required(&at, "must be set when seccomp type is Localhost")),
        (true, Some(name)) => errors.extend(relative_path_errors(&at, name)),
        (false, None) => {}
        (false, Some(_)) => {
            let shown = go_struct::show(profile, crate::kinds::pod::go_layout::PROFILE);
            errors.push(FieldError::invalid(&at, shown, "can only be set when seccomp type is Localhost"));
        }
    }
    errors
}

fn id_error(path: &Path, id: Option<i64>) -> Option<FieldError> {
    let max = i64::from(i32::MAX);
    check::in_range(path, id?, 0..=max, (0, max))
}

fn choice(path: &Path, value: &Option<String>, supported: &[&str]) -> Option<FieldError> {
    let value = value.as_deref().filter(|value| !supported.contains(value))?;
    Some(FieldError::not_supported(path, value, supported))
}

fn sysctl_errors(path: &Path, sysctls: &[Sysctl], spec: &PodSpec) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, sysctl) in sysctls.iter().enumerate() {
        let (name, path) = (sysctl.name.as_str(), path.index(i).child("name"));
        if name.is_empty() {
            errors.push(FieldError::required(&path, ""));
        } else if !is_sysctl(name) {
            let detail = format!("must have at most {SYSCTL_MAX} characters and match regex {SYSCTL}");
            errors.push(FieldError::invalid(&path, name, &detail));
        } else if seen.contains(name) {
            errors.push(FieldError::duplicate(&path, name));
        }
        seen.insert(name);
        let dotted = name.replace('/', ".");
        if spec.host_network == Some(true) && dotted.starts_with("net.") {
            errors.push(FieldError::invalid(&path, name, "may not be specified when 'hostNetwork' is true"));
        } else if spec.host_ipc == Some(true) && is_of_ipc(&dotted) {
            errors.push(FieldError::invalid(&path, name, "may not be specified when 'hostIPC' is true"));
        }
    }
    errors
}

const SYSCTL: &str = r"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

fn is_sysctl(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let segment = |part: &str| {
        let bytes = part.as_bytes();
        bytes.first().is_some_and(|b| inner(*b))
            && bytes.last().is_some_and(|b| inner(*b))
            && bytes.iter().all(|b| inner(*b) || *b == b'-' || *b == b'_')
    };
    name.len() <= SYSCTL_MAX && name.split(['.', '/']).all(segment)
}

fn is_of_ipc(name: &str) -> bool {
    ["kernel.shm", "kernel.msg", "fs.mqueue."].iter().any(|start| name.starts_with(start)) || name == "kernel.sem"
}
