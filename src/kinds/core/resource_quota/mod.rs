//! ResourceQuota: how much the objects of a namespace may use together.

mod table;
mod validate;

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use crate::{
    kinds::{
        Column, DeletionResult, Doc, Kind, KindDef, Strategy, Subresource,
        rules::{fill::inside, resources::round_up},
        texts,
    },
    object::{FieldErrors, GroupVersionKind, meta},
};

const GVK: GroupVersionKind = GroupVersionKind::new("", "v1", "ResourceQuota");

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    let request = "Request represents a minimum amount of cpu/memory that a container may consume.";
    let limit = "Limits control the maximum amount of cpu/memory that a container may use independent of contention on \
                 the node.";
    Kind::new(KindDef {
        gvk: GVK,
        plural: "resourcequotas".into(),
        singular: "resourcequota".into(),
        short_names: texts(["quota"]),
        subresources: vec![Subresource::status(GVK)],
        schema: "api.core.v1.ResourceQuota".into(),
        columns: vec![
            Column::NAME,
            Column::new("Request", Doc::text(request)),
            Column::new("Limit", Doc::text(limit)),
            Column::AGE,
        ],
        cells: Arc::new(table::cells),
        deletion_result: DeletionResult::Object,
        has_status: true,
        strategy: Arc::new(ResourceQuota),
        ..KindDef::default()
    })
});

struct ResourceQuota;

impl Strategy for ResourceQuota {
    fn default(&self, object: &mut Value) {
        let Some(members) = object.as_object_mut() else { return };
        inside(members, "spec", |spec| inside(spec, "hard", round_up));
        inside(members, "status", |status| {
            inside(status, "hard", round_up);
            inside(status, "used", round_up);
        });
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        validate::spec_errors(object.get("spec").unwrap_or(&Value::Null))
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let mut errors = self.validate(object);
        let scopes = |object| meta::at(object, &["spec", "scopes"]).cloned().unwrap_or_else(|| json!([]));
        errors.extend(validate::change_of_scopes(scopes(object), &scopes(old)));
        errors
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> FieldErrors {
        validate::status_errors(object.get("status").unwrap_or(&Value::Null))
    }
}
