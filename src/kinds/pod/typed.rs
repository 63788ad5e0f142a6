//! Pods as the API's own structs, in which absent and empty mean the same.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Container, EphemeralContainer},
    apimachinery::pkg::api::resource::Quantity,
};

pub use crate::kinds::rules::typed::decode;

/// Amounts by the name of the resource.
pub type Resources = BTreeMap<String, Quantity>;

/// A list; empty if absent.
pub fn list<T>(items: &Option<Vec<T>>) -> &[T] {
    items.as_deref().unwrap_or_default()
}

/// A text; empty if absent.
pub fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}

/// The entries of a map in the order of their keys; none if absent.
pub fn entries<V>(map: &Option<BTreeMap<String, V>>) -> impl Iterator<Item = (&str, &V)> {
    map.iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// An ephemeral container as the container that it is besides its target.
pub fn as_container(ephemeral: &EphemeralContainer) -> Container {
    let c = ephemeral.clone();
    Container {
        args: c.args,
        command: c.command,
        env: c.env,
        env_from: c.env_from,
        image: c.image,
        image_pull_policy: c.image_pull_policy,
        lifecycle: c.lifecycle,
        liveness_probe: c.liveness_probe,
        name: c.name,
        ports: c.ports,
        readiness_probe: c.readiness_probe,
        resize_policy: c.resize_policy,
        resources: c.resources,
        restart_policy: c.restart_policy,
        restart_policy_rules: c.restart_policy_rules,
        security_context: c.security_context,
        startup_probe: c.startup_probe,
        stdin: c.stdin,
        stdin_once: c.stdin_once,
        termination_message_path: c.termination_message_path,
        termination_message_policy: c.termination_message_policy,
        tty: c.tty,
        volume_devices: c.volume_devices,
        volume_mounts: c.volume_mounts,
        working_dir: c.working_dir,
    }
}
