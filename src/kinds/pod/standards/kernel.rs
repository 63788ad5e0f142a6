//! The node's kernel: what of `/proc` containers see, and which of its settings pods change.

use serde_json::Value;

use super::{
    Violation,
    view::{ContainerView, PodView, Set, containers, quoted},
};
use crate::object::meta;

/// Parts of `/proc` are hidden.
pub fn proc_mount(pod: &PodView<'_>) -> Option<Violation> {
    let other =
        |container: ContainerView<'_>| container.security(&["procMount"]).is_some_and(|mount| mount != "Default");
    let showing = pod.containers_that(other);
    let types = pod.containers().filter(|container| other(*container));
    let types: Set<'_> = types.filter_map(|container| container.security(&["procMount"])?.as_str()).collect();
    let detail = || format!("{} must not set securityContext.procMount to {}", containers(&showing), quoted(&types));
    (!showing.is_empty()).then(|| Violation::new("procMount", detail()))
}

/// The same, of pods whose users are users of the node.
pub fn proc_mount_in_node(pod: &PodView<'_>) -> Option<Violation> {
    if pod.has_own_users() { None } else { proc_mount(pod) }
}

/// Settings that concern a pod only, oldest first.
const SAFE: &[&str] = &[
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
];

/// Only settings that were safe from the beginning.
pub fn sysctls(pod: &PodView<'_>) -> Option<Violation> {
    unsafe_settings(pod, &SAFE[..5])
}

/// Since v1.27 there is another one.
pub fn sysctls_1_27(pod: &PodView<'_>) -> Option<Violation> {
    unsafe_settings(pod, &SAFE[..6])
}

/// Since v1.29 there are four more.
pub fn sysctls_1_29(pod: &PodView<'_>) -> Option<Violation> {
    unsafe_settings(pod, &SAFE[..10])
}

/// Since v1.32 there are two more.
pub fn sysctls_1_32(pod: &PodView<'_>) -> Option<Violation> {
    unsafe_settings(pod, SAFE)
}

fn unsafe_settings(pod: &PodView<'_>, safe: &[&str]) -> Option<Violation> {
    let settings = pod.security(&["sysctls"]).and_then(Value::as_array).into_iter().flatten();
    let names = settings.map(|setting| meta::text(setting, &["name"]));
    let forbidden: Vec<_> = names.filter(|name| !safe.contains(name)).collect();
    (!forbidden.is_empty()).then(|| Violation::new("forbidden sysctls", forbidden.join(", ")))
}
