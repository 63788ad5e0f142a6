//! Lease: who holds something, and until when.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::{Column, Doc, Kind, KindDef, Moment, Strategy, model::strategy::age, rules::fill};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("coordination.k8s.io", "v1", "Lease"),
        plural: "leases".into(),
        singular: "lease".into(),
        schema: "api.coordination.v1.Lease".into(),
        columns: vec![
            Column::NAME,
            Column::new("Holder", Doc::Field("api.coordination.v1.LeaseSpec", "holderIdentity")),
            Column::AGE,
        ],
        any_finalizer: true,
        create_on_update: true,
        unconditional_update: false,
        cells: Arc::new(cells),
        strategy: Arc::new(Lease),
        ..KindDef::default()
    })
});

struct Lease;

impl Strategy for Lease {
    fn prepare_for_create(&self, object: &mut Value, _now: Moment) {
        drop_election(object, None);
    }

    fn prepare_for_update(&self, object: &mut Value, old: &Value) {
        drop_election(object, Some(old));
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let path = Path::new("spec");
        let mut errors = FieldErrors::new();
        let number = |member: &str| meta::at(object, &["spec", member]).and_then(Value::as_i64);
        if let Some(seconds) = number("leaseDurationSeconds").filter(|seconds| *seconds <= 0) {
            errors.push(FieldError::invalid(&path.child("leaseDurationSeconds"), seconds, "must be greater than 0"));
        }
        if let Some(count) = number("leaseTransitions").filter(|count| *count < 0) {
            let detail = "must be greater than or equal to 0";
            errors.push(FieldError::invalid(&path.child("leaseTransitions"), count, detail));
        }
        errors
    }
}

/// Coordinated leader election is off by default; its fields only stay where they already are.
fn drop_election(object: &mut Value, old: Option<&Value>) {
    let used = |old: &Value, member: &str| meta::at(old, &["spec", member]).is_some();
    if let Some(members) = object.as_object_mut() {
        fill::inside(members, "spec", |spec| {
            spec.retain(|name, _| {
                !matches!(name.as_str(), "strategy" | "preferredHolder") || old.is_some_and(|old| used(old, name))
            });
        });
    }
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    vec![meta::name(object).into(), meta::text(object, &["spec", "holderIdentity"]).into(), age(object, now).into()]
}
