//! Role: what may be done in a namespace.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::{escalation, policy};
use crate::kinds::{Authority, Check, Column, Kind, KindDef, Moment, NameRule, Strategy};
use crate::object::{FieldErrors, GroupVersionKind, meta, status::Result};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new(policy::GROUP, "v1", "Role"),
        plural: "roles".into(),
        singular: "role".into(),
        schema: "api.rbac.v1.Role".into(),
        columns: columns(),
        cells: Arc::new(cells),
        name_rule: NameRule::PathSegment,
        create_on_update: true,
        strategy: Arc::new(Role),
        ..KindDef::default()
    })
});

/// The columns of a role, in a namespace or not.
pub fn columns() -> Vec<Column> {
    vec![Column::NAME, Column::AGE.named("Created At").date()]
}

struct Role;

impl Strategy for Role {
    fn authorize(&self, object: &Value, old: Option<&Value>, authority: &dyn Authority) -> Result<()> {
        escalation::check_role(object, old, &DEF.plural, authority)
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Object, Check::MetadataChange]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        policy::rule_errors(object, true)
    }
}

/// The cells of a role.
pub fn cells(object: &Value, _now: Moment) -> Vec<Value> {
    vec![meta::name(object).into(), meta::text(object, &["metadata", "creationTimestamp"]).into()]
}
