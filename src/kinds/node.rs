//! Node: a machine that runs pods.

use super::{Action, Column, Doc, FieldLabels, KindDef, Scope, Strategy, Subresource, Verb};
use crate::object::{GroupVersionKind, meta};

const GVK: GroupVersionKind = GroupVersionKind::new("", "v1", "Node");
const INFO: &str = "api.core.v1.NodeSystemInfo";

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GVK,
    plural: "nodes",
    singular: "node",
    short_names: &["no"],
    scope: Scope::Cluster,
    subresources: &[
        Subresource {
            name: "proxy",
            gvk: GroupVersionKind::new("", "v1", "NodeProxyOptions"),
            verbs: Verb::PROXY,
            action: Action::NeedsNode,
        },
        Subresource { name: "status", gvk: GVK, verbs: Verb::STATUS, action: Action::Status },
    ],
    message: "api.core.v1.Node",
    columns: &[
        Column::NAME,
        Column::new("Status", Doc::Text("The status of the node")),
        Column::new("Roles", Doc::Text("The roles of the node")),
        Column::AGE,
        Column::new("Version", Doc::Field(INFO, "kubeletVersion")),
        Column::new("Internal-IP", Doc::Field("api.core.v1.NodeStatus", "addresses")).wide(),
        Column::new("External-IP", Doc::Field("api.core.v1.NodeStatus", "addresses")).wide(),
        Column::new("OS-Image", Doc::Field(INFO, "osImage")).wide(),
        Column::new("Kernel-Version", Doc::Field(INFO, "kernelVersion")).wide(),
        Column::new("Container-Runtime", Doc::Field(INFO, "containerRuntimeVersion")).wide(),
    ],
    fields: &[("spec.unschedulable", |node| {
        meta::at(node, &["spec", "unschedulable"]).and_then(serde_json::Value::as_bool).unwrap_or_default().to_string()
    })],
    field_labels: FieldLabels::Converted,
    has_status: true,
    status_on_create: true,
    strategy: &Node,
    ..KindDef::BASE
};

struct Node;

impl Strategy for Node {}
