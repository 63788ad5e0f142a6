//! ClusterRoleBinding: who has a role in the whole cluster.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::{escalation, policy, role_binding};
use crate::kinds::{Authority, Check, Column, Doc, Kind, KindDef, NameRule, Scope, Strategy};
use crate::object::{FieldErrors, GroupVersionKind, status::Result};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new(policy::GROUP, "v1", "ClusterRoleBinding"),
        plural: "clusterrolebindings".into(),
        singular: "clusterrolebinding".into(),
        scope: Scope::Cluster,
        schema: "api.rbac.v1.ClusterRoleBinding".into(),
        columns: vec![
            Column::NAME,
            Column::new("Role", Doc::Field("api.rbac.v1.ClusterRoleBinding", "roleRef")),
            Column::AGE,
            Column::new("Users", Doc::text("Users in the clusterRoleBinding")).wide(),
            Column::new("Groups", Doc::text("Groups in the clusterRoleBinding")).wide(),
            Column::new("ServiceAccounts", Doc::text("ServiceAccounts in the clusterRoleBinding")).wide(),
        ],
        cells: Arc::new(role_binding::cells),
        name_rule: NameRule::PathSegment,
        create_on_update: true,
        strategy: Arc::new(ClusterRoleBinding),
        ..KindDef::default()
    })
});

struct ClusterRoleBinding;

impl Strategy for ClusterRoleBinding {
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
        policy::binding_errors(object, &["ClusterRole"], false)
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        policy::changed_role_errors(object, old)
    }
}
