//! ResourceClaim: the devices that pods want.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::{claim_spec, layout::CLAIM_SPEC};
use crate::kinds::{
    Check, Column, DeletionResult, Doc, Kind, KindDef, Moment, Strategy, Subresource,
    model::strategy::age,
    rules::{check, go_struct::lay_out, same::same},
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta};

const GVK: GroupVersionKind = GroupVersionKind::new("resource.k8s.io", "v1", "ResourceClaim");

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "resourceclaims".into(),
        singular: "resourceclaim".into(),
        subresources: vec![Subresource::status(GVK)],
        schema: "api.resource.v1.ResourceClaim".into(),
        columns: vec![
            Column::NAME,
            Column::new("State", Doc::text("A summary of the current state (allocated, pending, reserved, etc.).")),
            Column::AGE,
        ],
        cells: Arc::new(cells),
        deletion_result: DeletionResult::Object,
        has_status: true,
        strategy: Arc::new(ResourceClaim),
        ..KindDef::default()
    })
});

/// The most users of a claim.
const USERS_MAX: usize = 256;

struct ResourceClaim;

impl Strategy for ResourceClaim {
    fn default(&self, object: &mut Value) {
        claim_spec::default(meta::map_mut(object, "spec"));
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::MetadataChange, Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        claim_spec::errors(&Path::new("spec"), object.get("spec").unwrap_or(&Value::Null))
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let shown = |object: &Value| lay_out(object.get("spec").unwrap_or(&Value::Null), CLAIM_SPEC);
        let (new, before) = (shown(object), shown(old));
        let changed = !same(Some(&new), Some(&before));
        changed.then(|| FieldError::invalid(&Path::new("spec"), new, "field is immutable")).into_iter().collect()
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> FieldErrors {
        user_errors(&Path::new("status").child("reservedFor"), object)
    }
}

/// Only what is allocated can be in use.
fn user_errors(path: &Path, object: &Value) -> FieldErrors {
    let users = meta::items(object, &["status", "reservedFor"]);
    let mut errors = FieldErrors::new();
    if users.len() > USERS_MAX {
        errors.push(FieldError::too_many(path, users.len(), USERS_MAX));
    }
    let mut seen = HashSet::new();
    for (i, user) in users.iter().take(USERS_MAX).enumerate() {
        let path = path.index(i);
        errors.extend(
            ["resource", "name", "uid"]
                .into_iter()
                .filter(|name| meta::text(user, &[name]).is_empty())
                .map(|name| FieldError::required(&path.child(name), "")),
        );
        let uid = meta::text(user, &["uid"]);
        if !seen.insert(uid) {
            errors.push(FieldError::duplicate(&path, uid));
        }
    }
    let status = object.get("status").unwrap_or(&Value::Null);
    if !users.is_empty() && check::given(status, "allocation").is_none() {
        errors.push(FieldError::forbidden(path, "may not be specified when `allocated` is not set"));
    }
    errors
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let is_deleting = meta::is_deleting(object);
    let is_allocated = meta::at(object, &["status", "allocation"]).is_some_and(|allocation| !allocation.is_null());
    let is_reserved = !meta::items(object, &["status", "reservedFor"]).is_empty();
    let states = [
        (is_deleting, "deleted"),
        (!is_allocated && !is_deleting, "pending"),
        (is_allocated, "allocated"),
        (is_allocated && is_reserved, "reserved"),
    ];
    let states: Vec<_> = states.into_iter().filter(|(applies, _)| *applies).map(|(_, state)| state).collect();
    vec![meta::name(object).into(), states.join(",").into(), age(object, now).into()]
}
