//! LimitRange: what containers, pods and claims of a namespace may ask for, and what they get if they ask for nothing.

pub mod limits;
pub mod pods;
mod validate;

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use crate::{
    kinds::{
        Check, Column, Kind, KindDef, Moment, Strategy,
        rules::{
            fill::{each, inside},
            resources::round_up,
        },
        texts,
    },
    object::{
        FieldErrors, GroupVersionKind,
        meta::{self, Object},
    },
};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("", "v1", "LimitRange"),
        plural: "limitranges".into(),
        singular: "limitrange".into(),
        short_names: texts(["limits"]),
        schema: "api.core.v1.LimitRange".into(),
        columns: vec![Column::NAME, Column::AGE.named("Created At").date()],
        cells: Arc::new(cells),
        names_itself: true,
        create_on_update: true,
        strategy: Arc::new(LimitRange),
        ..KindDef::default()
    })
});

/// The type of limits for each container.
pub const CONTAINER: &str = "Container";
/// The type of limits for a pod as a whole.
pub const POD: &str = "Pod";
/// The type of limits for claims.
pub const CLAIM: &str = "PersistentVolumeClaim";

/// The limits of a limit range: an item per type.
pub fn items(range: &Value) -> &[Value] {
    meta::items(range, &["spec", "limits"])
}

struct LimitRange;

impl Strategy for LimitRange {
    fn default(&self, object: &mut Value) {
        let Some(members) = object.as_object_mut() else { return };
        inside(members, "spec", |spec| each(spec, "limits", default_item));
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Object]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        validate::errors(items(object))
    }
}

/// A container that says nothing gets the most that it may have, and asks for that, or else for the least.
fn default_item(item: &mut Object) {
    if item.get("type").and_then(Value::as_str) == Some(CONTAINER) {
        for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
            let given = item.get(from).and_then(Value::as_object).cloned().unwrap_or_default();
            if given.is_empty() {
                continue;
            }
            let amounts = item.entry(to).or_insert_with(|| Value::Object(Map::new()));
            if amounts.is_null() {
                *amounts = Value::Object(Map::new());
            }
            for (name, amount) in given {
                if let Value::Object(amounts) = amounts {
                    amounts.entry(name).or_insert(amount);
                }
            }
        }
    }
    for amounts in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
        inside(item, amounts, round_up);
    }
}

fn cells(object: &Value, _now: Moment) -> Vec<Value> {
    vec![meta::name(object).into(), meta::text(object, &["metadata", "creationTimestamp"]).into()]
}
