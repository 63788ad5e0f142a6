//! Node: a machine that runs pods.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, LazyLock},
};

use serde_json::{Value, json};

use crate::kinds::{
    AdmissionPlugin, Check, Column, Doc, FieldLabels, Kind, KindDef, Moment, Scope, SelectableField, Strategy,
    Subresource,
    model::strategy::age,
    rules::{check, fill, ip},
    texts,
};
use crate::object::{
    FieldError, FieldErrors, GroupVersionKind, Path,
    meta::{self, Object},
    names,
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
            Subresource::proxy(GroupVersionKind::new("", "v1", "NodeProxyOptions")),
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
        cells: Arc::new(cells),
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

    fn validate(&self, object: &Value) -> FieldErrors {
        let mut errors = taint_errors(object);
        let path = Path::new("spec").child("podCIDRs");
        let cidrs: Vec<_> = cidrs(object);
        for (i, cidr) in cidrs.iter().enumerate() {
            errors.extend(ip::legacy_cidr(&path.index(i), cidr));
        }
        let v6 = cidrs.iter().filter(|cidr| cidr.contains(':')).count();
        if cidrs.len() > 2 || (cidrs.len() == 2 && v6 != 1) {
            errors.push(FieldError::invalid(&path, cidrs, "may specify no more than one CIDR for each IP family"));
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let mut errors = taint_errors(object);
        let path = Path::new("spec");
        if !cidrs(old).is_empty() && cidrs(object) != cidrs(old) {
            let detail = "node updates may not change podCIDR except from \"\" to valid";
            errors.push(FieldError::forbidden(&path.child("podCIDRs"), detail));
        }
        let provider = |node| meta::text(node, &["spec", "providerID"]);
        if !provider(old).is_empty() && provider(object) != provider(old) {
            let detail = "node updates may not change providerID except from \"\" to valid";
            errors.push(FieldError::forbidden(&path.child("providerID"), detail));
        }
        errors
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let new = |member: &str| {
            meta::at(object, &["spec", member]).is_some()
                && old.is_none_or(|old| meta::at(old, &["spec", member]).is_none())
        };
        let mut warnings = Vec::new();
        if new("configSource") {
            warnings.push("spec.configSource: the feature is no longer available".to_owned());
        }
        if new("externalID") {
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

fn taint_errors(object: &Value) -> FieldErrors {
    let taints = meta::items(object, &["spec", "taints"]);
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, taint) in taints.iter().enumerate() {
        // Kubernetes looks for the taints below the metadata when it names them.
        let path = Path::new("metadata").child("taints").index(i);
        let text = |member: &str| meta::text(taint, &[member]);
        errors.extend(check::rule(&path.child("key"), text("key"), names::qualified_name));
        let wrong = names::label_value(text("value"));
        if !wrong.is_empty() {
            errors.push(FieldError::invalid(&path.child("value"), text("value"), &wrong.join(";")));
        }
        let effects = &["NoSchedule", "PreferNoSchedule", "NoExecute"];
        errors.extend(check::one_of(&path.child("effect"), text("effect"), effects));
        if !seen.insert((text("key"), text("effect"))) {
            let shown = json!({
                "Key": text("key"),
                "Value": text("value"),
                "Effect": text("effect"),
                "TimeAdded": taint["timeAdded"],
            });
            let mut error = FieldError::duplicate(&path, shown);
            error.message.push_str(": taints must be unique by key and effect pair");
            errors.push(error);
        }
    }
    errors
}

fn cidrs(node: &Value) -> Vec<&str> {
    meta::items(node, &["spec", "podCIDRs"]).iter().filter_map(Value::as_str).collect()
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
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
