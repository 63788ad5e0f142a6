//! VolumeAttributesClass: what a volume of a driver is like, which may change while it is in use.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::{protection::StorageObjectInUseProtection, storage_class::parameter_errors};
use crate::kinds::{
    Check, Column, DeletionResult, Doc, Kind, KindDef, Moment, Scope, Strategy,
    model::strategy::age,
    rules::{check, same::same},
    texts,
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("storage.k8s.io", "v1", "VolumeAttributesClass"),
        plural: "volumeattributesclasses".into(),
        singular: "volumeattributesclass".into(),
        short_names: texts(["vac"]),
        scope: Scope::Cluster,
        schema: "api.storage.v1.VolumeAttributesClass".into(),
        columns: vec![
            Column::NAME,
            Column::new("DriverName", Doc::Field("api.storage.v1.VolumeAttributesClass", "driverName")),
            Column::AGE,
        ],
        cells: Arc::new(cells),
        deletion_result: DeletionResult::Object,
        admission: vec![Arc::new(StorageObjectInUseProtection("kubernetes.io/vac-protection"))],
        strategy: Arc::new(VolumeAttributesClass),
        ..KindDef::default()
    })
});

struct VolumeAttributesClass;

impl Strategy for VolumeAttributesClass {
    fn update_checks(&self) -> &'static [Check] {
        &[Check::MetadataChange, Check::Change, Check::Metadata, Check::Object]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let driver = meta::text(object, &["driverName"]).to_lowercase();
        let mut errors = check::required_rule(&Path::new("driverName"), &driver, names::qualified_name);
        errors.extend(parameter_errors(&Path::new("parameters"), meta::map(object, &["parameters"]), false));
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let members = ["driverName", "parameters"].into_iter();
        let changed = members.filter(|name| !same(object.get(name), old.get(name)));
        let error = |name| FieldError::forbidden(&Path::new(name), &format!("updates to {name} are forbidden."));
        changed.map(error).collect()
    }
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    vec![meta::name(object).into(), meta::text(object, &["driverName"]).into(), age(object, now).into()]
}
