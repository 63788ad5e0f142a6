//! PersistentVolumeClaim: what a pod wants of storage.

mod update;

use std::sync::{Arc, LazyLock};

use k8s_openapi::api::core::v1::PersistentVolumeClaimSpec;
use serde_json::{Value, json};

use super::{access_modes, claim_spec, persistent_volume::CLASS, protection::StorageObjectInUseProtection};
use crate::kinds::{
    Check, Column, DeletionResult, Doc, Kind, KindDef, Moment, Strategy, Subresource,
    model::strategy::age,
    pod::{typed, warnings::fraction_warnings},
    rules::{check, fill},
    texts,
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};

const GVK: GroupVersionKind = GroupVersionKind::new("", "v1", "PersistentVolumeClaim");
const SPEC: &str = "api.core.v1.PersistentVolumeClaimSpec";
const STATUS: &str = "api.core.v1.PersistentVolumeClaimStatus";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "persistentvolumeclaims".into(),
        singular: "persistentvolumeclaim".into(),
        short_names: texts(["pvc"]),
        subresources: vec![Subresource::status(GVK)],
        schema: "api.core.v1.PersistentVolumeClaim".into(),
        columns: vec![
            Column::NAME,
            Column::new("Status", Doc::Field(STATUS, "phase")),
            Column::new("Volume", Doc::Field(SPEC, "volumeName")),
            Column::new("Capacity", Doc::Field(STATUS, "capacity")),
            Column::new("Access Modes", Doc::Field(STATUS, "accessModes")),
            Column::new("StorageClass", Doc::Field(SPEC, "storageClassName")),
            Column::new("VolumeAttributesClass", Doc::Field(SPEC, "volumeAttributesClassName")),
            Column::AGE,
            Column::new("VolumeMode", Doc::Field(SPEC, "volumeMode")).wide(),
        ],
        cells: Arc::new(cells),
        deletion_result: DeletionResult::Object,
        has_status: true,
        admission: vec![Arc::new(StorageObjectInUseProtection("kubernetes.io/pvc-protection"))],
        strategy: Arc::new(PersistentVolumeClaim),
        ..KindDef::default()
    })
});

struct PersistentVolumeClaim;

impl Strategy for PersistentVolumeClaim {
    fn default(&self, object: &mut Value) {
        fill::absent(meta::map_mut(object, "status"), "phase", "Pending");
        claim_spec::default(meta::map_mut(object, "spec"));
    }

    fn prepare_for_create(&self, object: &mut Value, _now: Moment) {
        meta::members_mut(object).insert("status".to_owned(), json!({"phase": "Pending"}));
        claim_spec::prepare(meta::map_mut(object, "spec"), None);
    }

    fn prepare_for_update(&self, object: &mut Value, old: &Value) {
        claim_spec::prepare(meta::map_mut(object, "spec"), old.get("spec"));
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Object, Check::MetadataChange, Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let path = Path::new("spec");
        match typed::decode::<PersistentVolumeClaimSpec>(&path, object.get("spec")) {
            Ok(spec) => claim_spec::errors(&path, &spec),
            Err(error) => vec![error],
        }
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        update::errors(object, old)
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> FieldErrors {
        status_errors(object)
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let mut warnings = Vec::new();
        if meta::at(object, &["metadata", "annotations", CLASS]).is_some() {
            warnings.push(format!(
                "metadata.annotations[{CLASS}]: deprecated since v1.8; use \"storageClassName\" attribute instead"
            ));
        }
        let path = Path::new("spec");
        let Ok(spec) = typed::decode::<PersistentVolumeClaimSpec>(&path, object.get("spec")) else { return warnings };
        let resources = spec.resources.unwrap_or_default();
        let path = path.child("resources");
        warnings.extend(fraction_warnings(&path.child("requests"), resources.requests.as_ref()));
        warnings.extend(fraction_warnings(&path.child("limits"), resources.limits.as_ref()));
        warnings
    }
}

/// How far the resizing of a resource is.
const RESIZING: [&str; 5] = [
    "ControllerResizeInProgress",
    "ControllerResizeInfeasible",
    "NodeResizePending",
    "NodeResizeInProgress",
    "NodeResizeInfeasible",
];

fn status_errors(object: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if meta::items(object, &["spec", "accessModes"]).is_empty() {
        errors.push(FieldError::required(&Path::new("Spec").child("accessModes"), ""));
    }
    let status = Path::new("status");
    let entries = |member: &str| meta::map(object, &["status", member]).cloned().unwrap_or_default();
    for (name, amount) in entries("capacity") {
        let amount = amount.as_str().unwrap_or_default();
        errors.extend(check::amount(&status.child("capacity").key(&name), amount));
    }
    for (name, state) in entries("allocatedResourceStatuses") {
        let path = status.child("allocatedResourceStatus").key(&name);
        errors.extend(resource_errors(&path, &name));
        let state = state.as_str().unwrap_or_default();
        if !RESIZING.contains(&state) {
            let mut known = RESIZING;
            known.sort_unstable();
            errors.push(FieldError::not_supported(&path, state, &known));
        }
    }
    for (name, amount) in entries("allocatedResources") {
        let path = status.child("allocatedResources").key(&name);
        errors.extend(resource_errors(&path, &name));
        errors.extend(check::amount(&path, amount.as_str().unwrap_or_default()));
    }
    errors
}

/// Only storage can be resized, and what others have defined.
fn resource_errors(path: &Path, name: &str) -> FieldErrors {
    let mut errors = check::rule(path, name, names::qualified_name);
    if !name.contains('/') && name != "storage" {
        errors.push(FieldError::not_supported(path, name, &["storage"]));
    }
    errors
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let spec = |member: &str| meta::text(object, &["spec", member]);
    let or_unset = |member: &str| meta::at(object, &["spec", member]).cloned().unwrap_or_else(|| "<unset>".into());
    let is_bound = !spec("volumeName").is_empty();
    let capacity = meta::at(object, &["status", "capacity", "storage"]).and_then(Value::as_str).unwrap_or("0");
    let modes = access_modes::shown(meta::items(object, &["status", "accessModes"]));
    let class = meta::at(object, &["metadata", "annotations", CLASS]).and_then(Value::as_str);
    let phase = if meta::is_deleting(object) { "Terminating" } else { meta::text(object, &["status", "phase"]) };
    vec![
        meta::name(object).into(),
        phase.into(),
        spec("volumeName").into(),
        if is_bound { capacity.into() } else { "".into() },
        if is_bound { modes.into() } else { "".into() },
        class.unwrap_or_else(|| spec("storageClassName")).into(),
        or_unset("volumeAttributesClassName"),
        age(object, now).into(),
        or_unset("volumeMode"),
    ]
}
