//! PersistentVolume: storage that is there for claims.

mod layout;
mod sources;
mod update;
mod warnings;

use std::sync::{Arc, LazyLock};

use k8s_openapi::api::core::v1::PersistentVolumeSpec;
use serde_json::{Value, json};

use super::{access_modes, protection::StorageObjectInUseProtection};
use crate::kinds::{
    Check, Column, DeletionResult, Doc, Kind, KindDef, Moment, Scope, Strategy, Subresource,
    model::strategy::age,
    pod::{
        typed::{self, list, text},
        validate::affinity::node_selector_errors,
    },
    rules::{check, fill},
    texts,
};
use crate::object::{
    FieldError, FieldErrors, GroupVersionKind, Path,
    meta::{self, Object},
    names,
};
use crate::text::{quantity::nanos, time::rfc3339};

const GVK: GroupVersionKind = GroupVersionKind::new("", "v1", "PersistentVolume");
const SPEC: &str = "api.core.v1.PersistentVolumeSpec";
const STATUS: &str = "api.core.v1.PersistentVolumeStatus";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "persistentvolumes".into(),
        singular: "persistentvolume".into(),
        short_names: texts(["pv"]),
        scope: Scope::Cluster,
        subresources: vec![Subresource::status(GVK)],
        schema: "api.core.v1.PersistentVolume".into(),
        columns: vec![
            Column::NAME,
            Column::new("Capacity", Doc::Field(SPEC, "capacity")),
            Column::new("Access Modes", Doc::Field(SPEC, "accessModes")),
            Column::new("Reclaim Policy", Doc::Field(SPEC, "persistentVolumeReclaimPolicy")),
            Column::new("Status", Doc::Field(STATUS, "phase")),
            Column::new("Claim", Doc::Field(SPEC, "claimRef")),
            Column::new("StorageClass", Doc::Field(SPEC, "storageClassName")),
            Column::new("VolumeAttributesClass", Doc::Field(SPEC, "volumeAttributesClassName")),
            Column::new("Reason", Doc::Field(STATUS, "reason")),
            Column::AGE,
            Column::new("VolumeMode", Doc::Field(SPEC, "volumeMode")).wide(),
        ],
        cells: Arc::new(cells),
        deletion_result: DeletionResult::Object,
        has_status: true,
        admission: vec![Arc::new(StorageObjectInUseProtection("kubernetes.io/pv-protection"))],
        strategy: Arc::new(PersistentVolume),
        ..KindDef::default()
    })
});

/// The annotation that named a volume's class before there was a field for it.
pub const CLASS: &str = "volume.beta.kubernetes.io/storage-class";

struct PersistentVolume;

impl Strategy for PersistentVolume {
    fn default(&self, object: &mut Value) {
        fill::absent(meta::map_mut(object, "status"), "phase", "Pending");
        default_spec(meta::map_mut(object, "spec"));
    }

    fn prepare_for_create(&self, object: &mut Value, now: Moment) {
        let status = json!({"phase": "Pending", "lastPhaseTransitionTime": rfc3339(now)});
        meta::members_mut(object).insert("status".to_owned(), status);
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Object, Check::Metadata, Check::Object, Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let path = Path::new("spec");
        match typed::decode(&path, object.get("spec")) {
            Ok(spec) => spec_errors(&path, &spec, meta::name(object)),
            Err(error) => vec![error],
        }
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        update::errors(object, old)
    }

    fn stamp_status(&self, object: &mut Value, old: &Value, now: Moment) {
        let text = |object: &Value, member: &str| meta::text(object, &["status", member]).to_owned();
        let (given, stored) = (text(object, "lastPhaseTransitionTime"), text(old, "lastPhaseTransitionTime"));
        let time = if text(object, "phase") == text(old, "phase") { stored.clone() } else { rfc3339(now) };
        if (given.is_empty() || given == stored) && !time.is_empty() {
            meta::map_mut(object, "status").insert("lastPhaseTransitionTime".to_owned(), time.into());
        }
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        warnings::of(object)
    }
}

fn default_spec(spec: &mut Object) {
    fill::absent(spec, "persistentVolumeReclaimPolicy", "Retain");
    fill::null(spec, "volumeMode", "Filesystem");
    default_source(spec);
}

/// Fills in where a volume's content is.
pub fn default_source(spec: &mut Object) {
    fill::inside(spec, "hostPath", |path| fill::null(path, "type", ""));
    fill::inside(spec, "iscsi", |iscsi| fill::absent(iscsi, "iscsiInterface", "default"));
    fill::inside(spec, "rbd", |rbd| {
        fill::absent(rbd, "pool", "rbd");
        fill::absent(rbd, "user", "admin");
        fill::absent(rbd, "keyring", "/etc/ceph/keyring");
    });
    fill::inside(spec, "azureDisk", |disk| {
        fill::null(disk, "cachingMode", "ReadWrite");
        fill::null(disk, "kind", "Shared");
        fill::null(disk, "fsType", "ext4");
        fill::null(disk, "readOnly", false);
    });
    fill::inside(spec, "scaleIO", |scale| {
        fill::absent(scale, "storageMode", "ThinProvisioned");
        fill::absent(scale, "fsType", "xfs");
    });
}

/// Checks a volume that is part of another object: all there is of it is where its content is.
pub fn inline_errors(path: &Path, spec: &PersistentVolumeSpec) -> FieldErrors {
    const NOT_HERE: &str = "may not be specified in the context of inline volumes";
    let mut errors = FieldErrors::new();
    let refused = |applies: bool, member: &str| applies.then(|| FieldError::forbidden(&path.child(member), NOT_HERE));
    errors.extend(refused(spec.claim_ref.is_some(), "claimRef"));
    errors.extend(refused(spec.capacity.as_ref().is_some_and(|capacity| !capacity.is_empty()), "capacity"));
    if spec.csi.is_none() {
        errors.push(FieldError::required(&path.child("csi"), "has to be specified in the context of inline volumes"));
    }
    errors.extend(mode_errors(&path.child("accessModes"), list(&spec.access_modes)));
    let policy = text(&spec.persistent_volume_reclaim_policy);
    errors.extend(refused(!policy.is_empty(), "persistentVolumeReclaimPolicy"));
    errors.extend(refused(spec.node_affinity.is_some(), "nodeAffinity"));
    errors.extend(sources::errors(path, spec, ""));
    errors.extend(refused(!text(&spec.storage_class_name).is_empty(), "storageClassName"));
    if spec.volume_mode.as_deref().is_some_and(|mode| mode != "Filesystem") {
        let detail = "may not specify volumeMode other than \"Filesystem\" in the context of inline volumes";
        errors.push(FieldError::forbidden(&path.child("volumeMode"), detail));
    }
    errors
}

/// A spec as an error shows it.
pub fn shown_spec(spec: &Value) -> Value {
    layout::spec(spec)
}

fn spec_errors(path: &Path, spec: &PersistentVolumeSpec, name: &str) -> FieldErrors {
    let mut errors = mode_errors(&path.child("accessModes"), list(&spec.access_modes));
    errors.extend(capacity_errors(&path.child("capacity"), spec));
    let policies = &["Delete", "Recycle", "Retain"];
    let policy = text(&spec.persistent_volume_reclaim_policy);
    if !policy.is_empty() && !policies.contains(&policy) {
        errors.push(FieldError::not_supported(&path.child("persistentVolumeReclaimPolicy"), policy, policies));
    }
    if let Some(affinity) = &spec.node_affinity {
        let path = path.child("nodeAffinity").child("required");
        match &affinity.required {
            Some(selector) => errors.extend(node_selector_errors(&path, selector)),
            None => errors.push(FieldError::required(&path, "must specify required node constraints")),
        }
    }
    errors.extend(sources::errors(path, spec, name));
    if spec.host_path.as_ref().is_some_and(|host| is_root(&host.path)) && policy == "Recycle" {
        let detail = "may not be 'recycle' for a hostPath mount of '/'";
        errors.push(FieldError::forbidden(&path.child("persistentVolumeReclaimPolicy"), detail));
    }
    let class = text(&spec.storage_class_name);
    errors.extend(check::rule_if_given(&path.child("storageClassName"), class, names::dns1123_subdomain));
    errors.extend(access_modes::volume_mode_error(&path.child("volumeMode"), spec.volume_mode.as_deref()));
    if let Some(class) = &spec.volume_attributes_class_name {
        let at = path.child("volumeAttributesClassName");
        match class.as_str() {
            "" => errors.push(FieldError::required(&at, "an empty string is disallowed")),
            class => errors.extend(check::rule(&at, class, names::dns1123_subdomain)),
        }
        if spec.csi.is_none() {
            let detail = "has to be specified when using volumeAttributesClassName";
            errors.push(FieldError::required(&path.child("csi"), detail));
        }
    }
    errors
}

fn capacity_errors(path: &Path, spec: &PersistentVolumeSpec) -> FieldErrors {
    let capacity = spec.capacity.clone().unwrap_or_default();
    let mut errors = FieldErrors::new();
    if capacity.is_empty() {
        errors.push(FieldError::required(path, ""));
    }
    if !capacity.contains_key("storage") || capacity.len() > 1 {
        let shown = spec.capacity.as_ref().map_or(Value::Null, |capacity| json!(capacity));
        errors.push(FieldError::not_supported(path, shown, &["storage"]));
    }
    for (name, amount) in &capacity {
        let (path, value) = (path.key(name), nanos(&amount.0).unwrap_or_default());
        errors.extend(check::amount(&path, &amount.0));
        if value <= 0 {
            errors.push(FieldError::invalid(&path, amount.0.as_str(), "must be greater than zero"));
        }
    }
    errors
}

/// Whether a path is that of the root directory, however it is written.
fn is_root(path: &str) -> bool {
    let mut depth = 0_usize;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => depth = depth.saturating_sub(1),
            _ => depth += 1,
        }
    }
    path.starts_with('/') && depth == 0
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let spec = |member: &str| meta::text(object, &["spec", member]);
    let or_unset = |member: &str| meta::at(object, &["spec", member]).cloned().unwrap_or_else(|| "<unset>".into());
    let capacity = meta::at(object, &["spec", "capacity", "storage"]).cloned().unwrap_or_else(|| "0".into());
    let claim = meta::at(object, &["spec", "claimRef"]).map(|claim| {
        let text = |member: &str| meta::text(claim, &[member]);
        format!("{}/{}", text("namespace"), text("name"))
    });
    let class = meta::at(object, &["metadata", "annotations", CLASS]).and_then(Value::as_str);
    let phase = if meta::is_deleting(object) { "Terminating" } else { meta::text(object, &["status", "phase"]) };
    vec![
        meta::name(object).into(),
        capacity,
        access_modes::shown(meta::items(object, &["spec", "accessModes"])).into(),
        spec("persistentVolumeReclaimPolicy").into(),
        phase.into(),
        claim.unwrap_or_default().into(),
        class.unwrap_or_else(|| spec("storageClassName")).into(),
        or_unset("volumeAttributesClassName"),
        meta::text(object, &["status", "reason"]).into(),
        age(object, now).into(),
        or_unset("volumeMode"),
    ]
}

fn mode_errors(path: &Path, modes: &[String]) -> FieldErrors {
    if modes.is_empty() { vec![FieldError::required(path, "")] } else { access_modes::errors(path, modes) }
}
