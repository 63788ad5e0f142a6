//! Checks of what only Windows has, and of what it lacks.

use k8s_openapi::api::core::v1::{PodOS, PodSpec, SecurityContext, WindowsSecurityContextOptions};

use crate::kinds::pod::typed::list;
use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, names};

/// The most bytes of a credential spec.
const CREDENTIAL_BYTES_MAX: usize = 64 * 1024;
/// What a domain must be shorter than.
const DOMAIN_MAX: usize = 256;
/// The most bytes of a user's name.
const USER_MAX: usize = 104;

/// Checks the options of a security context.
pub fn option_errors(path: &Path, options: &Option<WindowsSecurityContextOptions>) -> FieldErrors {
    let Some(options) = options else { return FieldErrors::new() };
    let mut errors = FieldErrors::new();
    if let Some(name) = &options.gmsa_credential_spec_name {
        errors.extend(check::rule(&path.child("gmsaCredentialSpecName"), name, names::dns1123_subdomain));
    }
    if let Some(spec) = &options.gmsa_credential_spec {
        let detail = match spec.len() {
            0 => "gmsaCredentialSpec cannot be an empty string",
            bytes if bytes > CREDENTIAL_BYTES_MAX => "gmsaCredentialSpec size must be under 64 KiB",
            _ => "",
        };
        if !detail.is_empty() {
            errors.push(FieldError::invalid(&path.child("gmsaCredentialSpec"), spec.as_str(), detail));
        }
    }
    if let Some(name) = &options.run_as_user_name {
        let path = path.child("runAsUserName");
        errors.extend(user_faults(name).into_iter().map(|fault| FieldError::invalid(&path, name.as_str(), &fault)));
    }
    errors
}

/// Either all containers of a pod are processes of the host, or none.
pub fn host_process_errors(path: &Path, spec: &PodSpec) -> FieldErrors {
    let of_pod = spec.security_context.as_ref().and_then(|context| context.windows_options.as_ref());
    let of_pod = of_pod.and_then(|options| options.host_process);
    let mut errors = FieldErrors::new();
    let (mut count, mut of_host) = (0, 0);
    for (path, context) in contexts(path, spec) {
        count += 1;
        let own = context.as_ref().and_then(|context| context.windows_options.as_ref()?.host_process);
        if let (Some(pod), Some(own)) = (of_pod, own)
            && pod != own
        {
            let path = path.child("securityContext").child("windowsOptions").child("hostProcess");
            let detail = format!("pod hostProcess value must be identical if both are specified, was {pod}");
            errors.push(FieldError::invalid(&path, own, &detail));
        }
        of_host += usize::from(own.or(of_pod) == Some(true));
    }
    if of_host == 0 {
        return errors;
    }
    if of_host != count {
        let detail = "If pod contains any hostProcess containers then all containers must be HostProcess containers";
        errors.push(FieldError::invalid(path, "", detail));
    }
    if spec.host_network != Some(true) {
        let detail = "hostNetwork must be true if pod contains any hostProcess containers";
        errors.push(FieldError::invalid(&path.child("hostNetwork"), false, detail));
    }
    errors
}

/// Checks which operating system a pod is for, and that it asks for nothing that this one lacks.
pub fn os_errors(path: &Path, spec: &PodSpec, os: &PodOS) -> FieldErrors {
    match os.name.as_str() {
        "" => vec![FieldError::required(&path.child("os").child("name"), "cannot be empty")],
        "linux" => linux_errors(path, spec),
        "windows" => windows_errors(path, spec),
        other => vec![FieldError::not_supported(&path.child("os"), other, &["linux", "windows"])],
    }
}

/// The security contexts of all containers, each with the container's path.
fn contexts(path: &Path, spec: &PodSpec) -> Vec<(Path, Option<SecurityContext>)> {
    let init = list(&spec.init_containers).iter().enumerate();
    let init = init.map(|(i, container)| (path.child("initContainers").index(i), container.security_context.clone()));
    let regular = spec.containers.iter().enumerate();
    let regular = regular.map(|(i, container)| (path.child("containers").index(i), container.security_context.clone()));
    let ephemeral = list(&spec.ephemeral_containers).iter().enumerate();
    let ephemeral = ephemeral
        .map(|(i, container)| (path.child("ephemeralContainers").index(i), container.security_context.clone()));
    init.chain(regular).chain(ephemeral).collect()
}

fn linux_errors(path: &Path, spec: &PodSpec) -> FieldErrors {
    let of_pod = spec.security_context.as_ref().is_some_and(|context| context.windows_options.is_some());
    let of_containers = contexts(path, spec).into_iter();
    let of_containers = of_containers
        .filter(|(_, context)| context.as_ref().is_some_and(|context| context.windows_options.is_some()))
        .map(|(path, _)| path);
    let refused = of_pod.then(|| path.clone()).into_iter().chain(of_containers);
    let detail = "windows options cannot be set for a linux pod";
    refused.map(|path| FieldError::forbidden(&path.child("securityContext").child("windowsOptions"), detail)).collect()
}

fn windows_errors(path: &Path, spec: &PodSpec) -> FieldErrors {
    const DETAIL: &str = "cannot be set for a windows pod";
    let mut errors = FieldErrors::new();
    let none = Default::default();
    let context = spec.security_context.as_ref().unwrap_or(&none);
    let own = path.child("securityContext");
    let refused = [
        (own.child("appArmorProfile"), context.app_armor_profile.is_some()),
        (own.child("seLinuxOptions"), context.se_linux_options.is_some()),
        (path.child("hostUsers"), spec.host_users.is_some()),
        (path.child("hostPID"), spec.host_pid == Some(true)),
        (path.child("hostIPC"), spec.host_ipc == Some(true)),
        (own.child("seccompProfile"), context.seccomp_profile.is_some()),
        (own.child("fsGroup"), context.fs_group.is_some()),
        (own.child("fsGroupChangePolicy"), context.fs_group_change_policy.is_some()),
        (own.child("sysctls"), !list(&context.sysctls).is_empty()),
        (path.child("shareProcessNamespace"), spec.share_process_namespace.is_some()),
        (own.child("runAsUser"), context.run_as_user.is_some()),
        (own.child("runAsGroup"), context.run_as_group.is_some()),
        (own.child("supplementalGroups"), context.supplemental_groups.is_some()),
        (own.child("supplementalGroupsPolicy"), context.supplemental_groups_policy.is_some()),
        (own.child("seLinuxChangePolicy"), context.se_linux_change_policy.is_some()),
    ];
    errors.extend(refused.iter().filter(|(_, given)| *given).map(|(path, _)| FieldError::forbidden(path, DETAIL)));
    for (path, context) in contexts(path, spec) {
        let Some(context) = context else { continue };
        let path = path.child("securityContext");
        let refused = [
            ("appArmorProfile", context.app_armor_profile.is_some()),
            ("seLinuxOptions", context.se_linux_options.is_some()),
            ("seccompProfile", context.seccomp_profile.is_some()),
            ("capabilities", context.capabilities.is_some()),
            ("readOnlyRootFilesystem", context.read_only_root_filesystem.is_some()),
            ("privileged", context.privileged.is_some()),
            ("allowPrivilegeEscalation", context.allow_privilege_escalation.is_some()),
            ("procMount", context.proc_mount.is_some()),
            ("runAsUser", context.run_as_user.is_some()),
            ("runAsGroup", context.run_as_group.is_some()),
        ];
        let refused = refused.into_iter().filter(|(_, given)| *given);
        errors.extend(refused.map(|(member, _)| FieldError::forbidden(&path.child(member), DETAIL)));
    }
    errors
}

/// What is wrong with `DOMAIN\user`.
fn user_faults(name: &str) -> Vec<String> {
    let one = |fault: &str| vec![format!("runAsUserName {fault}")];
    if name.is_empty() {
        return one("cannot be an empty string");
    }
    if name.bytes().any(|b| b.is_ascii_control()) {
        return one("cannot contain control characters");
    }
    let parts: Vec<_> = name.split('\\').collect();
    let (domain, user) = match parts[..] {
        [user] => (None, user),
        [domain, user] => (Some(domain), user),
        _ => return one("cannot contain more than one backslash"),
    };
    let mut faults = Vec::new();
    let mut fault = |is_one: bool, text: String| {
        if is_one {
            faults.push(format!("runAsUserName's {text}"));
        }
    };
    let domain_bytes = domain.unwrap_or_default().len();
    fault(domain_bytes >= DOMAIN_MAX, format!("Domain length must be under {DOMAIN_MAX} characters"));
    let is_domain = domain.is_none_or(|domain| is_netbios(domain) || is_dns(domain));
    fault(!is_domain, "Domain doesn't match the NetBios nor the DNS format".to_owned());
    fault(user.is_empty(), "User cannot be empty".to_owned());
    fault(user.len() > USER_MAX, format!("User length must not be longer than {USER_MAX} characters"));
    let only_dots = !user.is_empty() && user.chars().all(|c| c == '.' || c == ' ');
    fault(only_dots, "User cannot contain only periods or spaces".to_owned());
    let odd = user.contains(['"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']']);
    fault(odd, r#"User cannot contain the following characters: "/\:;|=,+*?<>@[]"#.to_owned());
    faults
}

fn is_netbios(domain: &str) -> bool {
    let odd = ['\\', '/', ':', '*', '?', '"', '<', '>', '|'];
    (1..=15).contains(&domain.chars().count()) && !domain.starts_with('.') && !domain.contains(odd)
}

fn is_dns(domain: &str) -> bool {
    domain.split('.').all(|label| {
        let bytes = label.as_bytes();
        (1..=63).contains(&bytes.len())
            && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
            && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
    })
}
