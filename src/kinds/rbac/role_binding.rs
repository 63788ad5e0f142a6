//! RoleBinding: who has a role in a namespace.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::{escalation, policy};
use crate::kinds::{Authority, Check, Column, Doc, Kind, KindDef, Moment, NameRule, Strategy, model::strategy::age};
use crate::object::{FieldErrors, GroupVersionKind, meta, status::Result};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new(policy::GROUP, "v1", "RoleBinding"),
        plural: "rolebindings".into(),
        singular: "rolebinding".into(),
        schema: "api.rbac.v1.RoleBinding".into(),
        columns: vec![
            Column::NAME,
            Column::new("Role", Doc::Field("api.rbac.v1.RoleBinding", "roleRef")),
            Column::AGE,
            Column::new("Users", Doc::text("Users in the roleBinding")).wide(),
            Column::new("Groups", Doc::text("Groups in the roleBinding")).wide(),
            Column::new("ServiceAccounts", Doc::text("ServiceAccounts in the roleBinding")).wide(),
        ],
        cells: Arc::new(cells),
        name_rule: NameRule::PathSegment,
        create_on_update: true,
        strategy: Arc::new(RoleBinding),
        ..KindDef::default()
    })
});

struct RoleBinding;

impl Strategy for RoleBinding {
    fn default(&self, object: &mut Value) {
        policy::default_binding(object);
    }

    fn authorize(&self, object: &Value, _old: Option<&Value>, authority: &dyn Authority) -> Result<()> {
        escalation::check_binding(object, &DEF.plural, authority)
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Object, Check::MetadataChange, Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        policy::binding_errors(object, &["Role", "ClusterRole"], true)
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        policy::changed_role_errors(object, old)
    }
}

/// The cells of a binding.
pub fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let (role, subjects) = policy::binding_cells(object);
    let mut cells = vec![meta::name(object).into(), role.into(), age(object, now).into()];
    cells.extend(subjects.map(Value::from));
    cells
}
