//! How tables show nodes.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::kinds::{Moment, model::strategy::age, rules::check};
use crate::object::meta;

/// The cells of a node.
pub fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let info = |member: &str| meta::text(object, &["status", "nodeInfo", member]).to_owned();
    let known = |text: String| if text.is_empty() { "<unknown>".to_owned() } else { text };
    let kernel = match (info("kernelVersion"), info("architecture")) {
        (kernel, architecture) if kernel.is_empty() || architecture.is_empty() => known(kernel),
        (kernel, architecture) => format!("{kernel} ({architecture})"),
    };
    vec![
        meta::name(object).into(),
        status(object).into(),
        roles(object).into(),
        age(object, now).into(),
        info("kubeletVersion").into(),
        address(object, "InternalIP").into(),
        address(object, "ExternalIP").into(),
        known(info("osImage")).into(),
        kernel.into(),
        known(info("containerRuntimeVersion")).into(),
    ]
}

fn status(node: &Value) -> String {
    let ready = meta::items(node, &["status", "conditions"]).iter().find(|condition| condition["type"] == "Ready");
    let mut status = match ready {
        None => "Unknown",
        Some(condition) if condition["status"] == "True" => "Ready",
        Some(_) => "NotReady",
    }
    .to_owned();
    if check::boolean(node.get("spec").unwrap_or(&Value::Null), "unschedulable") {
        status.push_str(",SchedulingDisabled");
    }
    status
}

fn roles(node: &Value) -> String {
    let labels = meta::map(node, &["metadata", "labels"]).into_iter().flatten();
    let roles: BTreeSet<&str> = labels
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role),
            None if key == "kubernetes.io/role" => value.as_str(),
            None => None,
        })
        .filter(|role| !role.is_empty())
        .collect();
    if roles.is_empty() { "<none>".to_owned() } else { roles.into_iter().collect::<Vec<_>>().join(",") }
}

fn address<'a>(node: &'a Value, kind: &str) -> &'a str {
    let found = meta::items(node, &["status", "addresses"]).iter().find(|address| address["type"] == kind);
    found.map_or("<none>", |address| meta::text(address, &["address"]))
}
