//! Checks of a pod's place in the network: names, name servers, and the host's own namespaces.

use k8s_openapi::api::core::v1::{HostAlias, PodDNSConfig, PodSpec};

use super::{
    super::typed::{list, text},
    SpecView,
};
use crate::kinds::rules::{check, ip};
use crate::object::{FieldError, FieldErrors, Path, names};

/// How many name servers a resolver asks.
const SERVERS_MAX: usize = 3;
/// How many domains a resolver searches.
const SEARCHES_MAX: usize = 32;
/// How many bytes these domains have together, with a space between them.
const SEARCH_BYTES_MAX: usize = 2048;

/// Checks `dnsConfig`.
pub fn dns_errors(path: &Path, spec: &PodSpec) -> FieldErrors {
    let none = PodDNSConfig::default();
    let config = spec.dns_config.as_ref().unwrap_or(&none);
    let servers = list(&config.nameservers);
    if text(&spec.dns_policy) == "None" {
        if spec.dns_config.is_none() {
            let detail = "must provide `dnsConfig` when `dnsPolicy` is None";
            return vec![FieldError::required(path, detail)];
        }
        if servers.is_empty() {
            let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            return vec![FieldError::required(&path.child("nameservers"), detail)];
        }
    }
    let mut errors = FieldErrors::new();
    let at = path.child("nameservers");
    if servers.len() > SERVERS_MAX {
        errors.push(FieldError::invalid(&at, servers.to_vec(), "must not have more than 3 nameservers"));
    }
    for (i, server) in servers.iter().enumerate() {
        errors.extend(ip::legacy(&at.index(i), server));
    }
    let (at, searches) = (path.child("searches"), list(&config.searches));
    if searches.len() > SEARCHES_MAX {
        errors.push(FieldError::invalid(&at, searches.to_vec(), "must not have more than 32 search paths"));
    }
    let bytes: usize = searches.iter().map(|search| search.len() + 1).sum();
    if bytes > SEARCH_BYTES_MAX + 1 {
        let detail = "must not have more than 2048 characters (including spaces) in the search list";
        errors.push(FieldError::invalid(&at, searches.to_vec(), detail));
    }
    for (i, search) in searches.iter().enumerate().filter(|(_, search)| *search != ".") {
        let bare = search.strip_suffix('.').unwrap_or(search);
        errors.extend(check::rule(&at.index(i), bare, names::dns1123_subdomain_with_underscore));
    }
    for (i, option) in list(&config.options).iter().enumerate() {
        if text(&option.name).is_empty() {
            errors.push(FieldError::required(&path.child("options").index(i), "must not be empty"));
        }
    }
    errors
}

/// Checks `hostAliases`.
pub fn alias_errors(path: &Path, aliases: &[HostAlias]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, alias) in aliases.iter().enumerate() {
        let path = path.index(i);
        errors.extend(ip::legacy(&path.child("ip"), &alias.ip));
        for (j, host) in list(&alias.hostnames).iter().enumerate() {
            errors.extend(check::rule(&path.child("hostnames").index(j), host, names::dns1123_subdomain));
        }
    }
    errors
}

/// On the host's network a container's port is the host's port. A template may leave that open.
pub fn host_port_errors(path: &Path, view: &SpecView<'_>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if !view.spec.host_network.unwrap_or_default() {
        return errors;
    }
    for (i, container) in view.spec.containers.iter().enumerate() {
        for (j, port) in list(&container.ports).iter().enumerate() {
            let host = port.host_port.unwrap_or_default();
            if (view.is_pod() || host != 0) && host != port.container_port {
                let path = path.child("containers").index(i).child("ports").index(j).child("hostPort");
                let detail = "must match `containerPort` when `hostNetwork` is true";
                errors.push(FieldError::invalid(&path, host, detail));
            }
        }
    }
    errors
}

/// A pod with users of its own has namespaces of its own, too.
pub fn user_errors(path: &Path, spec: &PodSpec) -> FieldErrors {
    let given = [("hostNetwork", spec.host_network), ("HostPID", spec.host_pid), ("HostIPC", spec.host_ipc)];
    let given = given.into_iter().filter(|(_, given)| spec.host_users == Some(false) && *given == Some(true));
    let detail = "when `pod.Spec.HostUsers` is false";
    given.map(|(member, _)| FieldError::forbidden(&path.child(member), detail)).collect()
}

/// Checks the names that a pod has for itself.
pub fn name_errors(path: &Path, spec: &PodSpec) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (member, name) in [("hostname", &spec.hostname), ("subdomain", &spec.subdomain)] {
        errors.extend(check::rule_if_given(&path.child(member), text(name), names::dns1123_label));
    }
    errors
}

/// The longest name that a kernel takes for its host.
const HOST_NAME_MAX: usize = 64;

/// Checks the name that replaces all others.
pub fn override_errors(path: &Path, spec: &PodSpec) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let Some(name) = spec.hostname_override.as_deref() else { return errors };
    let at = path.child("hostnameOverride");
    if spec.host_network == Some(true) {
        let detail = "may not be specified when hostNetwork is true";
        errors.push(FieldError::invalid(&at, name, detail));
    }
    if spec.set_hostname_as_fqdn == Some(true) {
        let path = path.child("setHostnameAsFQDN");
        errors.push(FieldError::forbidden(&path, "cannot be set when hostnameOverride is set"));
    }
    errors.extend(check::rule(&at, name, names::dns1123_subdomain));
    if name.len() > HOST_NAME_MAX {
        errors.push(FieldError::too_long(&at, HOST_NAME_MAX));
    }
    errors
}
