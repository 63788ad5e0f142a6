//! Role: what may be done in a namespace.

use serde_json::Value;

use super::{escalation, policy};
use crate::kinds::{Authority, Column, KindDef, Moment, NameRule, Strategy};
use crate::object::{FieldErrors, GroupVersionKind, meta, status::Result};

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new(policy::GROUP, "v1", "Role"),
    plural: "roles",
    singular: "role",
    message: "api.rbac.v1.Role",
    columns: COLUMNS,
    cells,
    name_rule: NameRule::PathSegment,
    create_on_update: true,
    strategy: &Role,
    ..KindDef::BASE
};

/// The columns of a role, in a namespace or not.
pub const COLUMNS: &[Column] = &[Column::NAME, Column { name: "Created At", kind: "date", ..Column::AGE }];

struct Role;

impl Strategy for Role {
    fn authorize(&self, object: &Value, old: Option<&Value>, authority: &dyn Authority) -> Result<()> {
        escalation::check_role(object, old, DEF.plural, authority)
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        policy::rule_errors(object, true)
    }
}

/// The cells of a role.
pub fn cells(object: &Value, _now: Moment) -> Vec<Value> {
    vec![meta::name(object).into(), meta::text(object, &["metadata", "creationTimestamp"]).into()]
}
