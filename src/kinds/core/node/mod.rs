//! Node: a machine that runs pods.

mod proxy;
mod table;
mod validate;

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use crate::kinds::{
    AdmissionPlugin, Check, Column, Doc, FieldLabels, Kind, KindDef, Moment, Scope, SelectableField, Strategy,
    Subresource,
    model::strategy::keep_all_but_status,
    rules::{check, fill, ip},
    texts,
};
use crate::object::{
    FieldErrors, GroupVersionKind, Path,
    meta::{self, Object},
    status::Result,
};

const GVK: GroupVersionKind = GroupVersionKind::new("", "v1", "Node");
const INFO: &str = "api.core.v1.NodeSystemInfo";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "nodes".into(),
        singular: "node".into(),
        short_names: texts(["no"]),
        scope: Scope::Cluster,
        subresources: vec![
            Subresource::proxy(GroupVersionKind::new("", "v1", "NodeProxyOptions"), proxy::Proxy),
            Subresource::status(GVK),
        ],
        schema: "api.core.v1.Node".into(),
        registry_path: Some("minions".into()),
        columns: vec![
            Column::NAME,
            Column::new("Status", Doc::text("The status of the node")),
            Column::new("Roles", Doc::text("The roles of the node")),
            Column::AGE,
            Column::new("Version", Doc::Field(INFO, "kubeletVersion")),
            Column::new("Internal-IP", Doc::Field("api.core.v1.NodeStatus", "addresses")).wide(),
            Column::new("External-IP", Doc::Field("api.core.v1.NodeStatus", "addresses")).wide(),
            Column::new("OS-Image", Doc::Field(INFO, "osImage")).wide(),
            Column::new("Kernel-Version", Doc::Field(INFO, "kernelVersion")).wide(),
            Column::new("Container-Runtime", Doc::Field(INFO, "containerRuntimeVersion")).wide(),
        ],
        fields: vec![SelectableField::new("spec.unschedulable", |node| {
            check::boolean(node.get("spec").unwrap_or(&Value::Null), "unschedulable").to_string()
        })],
        field_labels: FieldLabels::Converted,
        has_status: true,
        status_on_create: true,
        cells: Arc::new(table::cells),
        admission: vec![Arc::new(TaintNodesByCondition)],
        strategy: Arc::new(Node),
        ..KindDef::default()
    })
});

const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// Keeps pods away from a new node until it says that it is ready.
struct TaintNodesByCondition;

impl AdmissionPlugin for TaintNodesByCondition {
    fn name(&self) -> &'static str {
        "TaintNodesByCondition"
    }

    fn mutate(&self, object: &mut Value, old: Option<&Value>) -> Result<()> {
        if old.is_none() {
            taint(object);
        }
        Ok(())
    }
}

struct Node;

impl Strategy for Node {
    fn default(&self, object: &mut Value) {
        let Some(members) = object.as_object_mut() else { return };
        fill::inside(members, "spec", agree_on_cidrs);
        fill::inside(members, "status", |status| {
            if let Some(capacity) = status.get("capacity").cloned() {
                fill::null(status, "allocatable", capacity);
            }
        });
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Object, Check::MetadataChange, Check::Change]
    }

    fn prepare_for_create(&self, object: &mut Value, _now: Moment) {
        drop_config(object, "spec", "configSource", None);
    }

    fn prepare_for_update(&self, object: &mut Value, old: &Value) {
        drop_config(object, "spec", "configSource", Some(old));
    }

    fn prepare_for_status(&self, object: &mut Value, old: &Value) {
        keep_all_but_status(object, old);
        drop_config(object, "status", "config", Some(old));
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        validate::errors(object)
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        validate::update_errors(object, old)
    }

    fn validate_status(&self, object: &Value, old: &Value) -> FieldErrors {
        validate::update_errors(object, old)
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let mut warnings = Vec::new();
        if meta::at(object, &["spec", "configSource"]).is_some() {
            warnings.push("spec.configSource: the feature is no longer available".to_owned());
        }
        if !meta::text(object, &["spec", "externalID"]).is_empty() {
            warnings.push("spec.externalID: this field is deprecated, and is unused by Kubernetes".to_owned());
        }
        let path = Path::new("spec").child("podCIDRs");
        for (i, cidr) in cidrs(object).iter().enumerate() {
            warnings.extend(ip::cidr_warnings(&path.index(i), cidr));
        }
        warnings
    }
}

/// `podCIDR` is the first of `podCIDRs`; where they differ, the old field wins.
fn agree_on_cidrs(spec: &mut Object) {
    let first = spec.get("podCIDRs").and_then(|list| list.get(0)).and_then(Value::as_str).map(str::to_owned);
    let single = spec.get("podCIDR").and_then(Value::as_str).filter(|cidr| !cidr.is_empty()).map(str::to_owned);
    match (single, first) {
        (Some(single), first) if first.as_deref() != Some(&single) => {
            spec.insert("podCIDRs".to_owned(), vec![single].into());
        }
        (None, Some(first)) => {
            spec.insert("podCIDR".to_owned(), first.into());
        }
        _ => {}
    }
}

/// Kubelets no longer take their configuration from the API: what asks for it goes, unless it was there before.
fn drop_config(object: &mut Value, part: &str, member: &str, old: Option<&Value>) {
    let is_used = old.and_then(|old| meta::at(old, &[part, member])).is_some_and(|value| !value.is_null());
    if !is_used && let Some(Value::Object(members)) = object.get_mut(part) {
        members.shift_remove(member);
    }
}

/// A new node takes no pods until it has said that it is ready.
fn taint(object: &mut Value) {
    let spec = meta::map_mut(object, "spec");
    let taints = spec.entry("taints").or_insert_with(|| Value::Array(Vec::new()));
    let Value::Array(taints) = taints else { return };
    let same = |taint: &Value| taint["key"] == NOT_READY && taint["effect"] == "NoSchedule";
    if !taints.iter().any(same) {
        taints.push(json!({"key": NOT_READY, "effect": "NoSchedule"}));
    }
}

/// The addresses that a node gives to its pods.
fn cidrs(node: &Value) -> Vec<&str> {
    meta::items(node, &["spec", "podCIDRs"]).iter().filter_map(Value::as_str).collect()
}
