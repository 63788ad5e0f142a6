//! CSIStorageCapacity: how much storage of a class there is for some nodes.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use crate::kinds::{
    Check, Column, Kind, KindDef, Strategy,
    pod::{self, warnings::renamed},
    rules::{check, go_struct},
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};
use crate::text::quantity::nanos;

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("storage.k8s.io", "v1", "CSIStorageCapacity"),
        plural: "csistoragecapacities".into(),
        singular: "csistoragecapacity".into(),
        schema: "api.storage.v1.CSIStorageCapacity".into(),
        columns: vec![Column::NAME, Column::AGE.named("Created At").date()],
        cells: Arc::new(|object, _now| {
            let created = meta::text(object, &["metadata", "creationTimestamp"]);
            vec![meta::name(object).into(), created.into()]
        }),
        unconditional_update: false,
        strategy: Arc::new(CsiStorageCapacity),
        ..KindDef::default()
    })
});

struct CsiStorageCapacity;

impl Strategy for CsiStorageCapacity {
    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Object, Check::MetadataChange, Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let at = Path::new;
        let mut errors = FieldErrors::new();
        if let Some(topology) = check::given(object, "nodeTopology") {
            errors.extend(pod::selector_errors(&at("nodeTopology"), topology));
        }
        let class = meta::text(object, &["storageClassName"]);
        errors.extend(check::rule(&at("storageClassName"), class, names::dns1123_subdomain));
        for member in ["capacity", "maximumVolumeSize"] {
            let amount = meta::text(object, &[member]);
            if nanos(amount).is_some_and(|value| value < 0) {
                let detail = "must be greater than or equal to 0";
                errors.push(FieldError::invalid(&at(member), amount, detail));
            }
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let topology = |object: &Value| check::given(object, "nodeTopology").map(go_struct::selector);
        let (new, before) = (topology(object), topology(old));
        let mut errors = FieldErrors::new();
        errors.extend(check::immutable(&Path::new("nodeTopology"), new.as_ref(), before.as_ref()));
        let class = |object: &Value| object.get("storageClassName").cloned();
        let (new, before) = (class(object), class(old));
        errors.extend(check::immutable(&Path::new("storageClassName"), new.as_ref(), before.as_ref()));
        errors
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let path = Path::new("nodeTopology");
        let mut warnings = Vec::new();
        for (i, expression) in meta::items(object, &["nodeTopology", "matchExpressions"]).iter().enumerate() {
            let text = renamed(meta::text(expression, &["key"]));
            let path = path.child("matchExpressions").index(i).child("key");
            warnings.extend(text.map(|text| format!("{path}: {text}")));
        }
        for (label, _) in meta::map(object, &["nodeTopology", "matchLabels"]).into_iter().flatten() {
            let path = path.child("matchLabels").child(label);
            warnings.extend(renamed(label).map(|text| format!("{path}: {text}")));
        }
        warnings
    }
}
