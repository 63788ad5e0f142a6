//! ClusterRoleBinding: who has a role in the whole cluster.

use serde_json::Value;

use super::{escalation, policy, role_binding};
use crate::kinds::{Authority, Column, Doc, KindDef, NameRule, Scope, Strategy};
use crate::object::{FieldErrors, GroupVersionKind, status::Result};

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new(policy::GROUP, "v1", "ClusterRoleBinding"),
    plural: "clusterrolebindings",
    singular: "clusterrolebinding",
    scope: Scope::Cluster,
    message: "api.rbac.v1.ClusterRoleBinding",
    columns: &[
        Column::NAME,
        Column::new("Role", Doc::Field("api.rbac.v1.ClusterRoleBinding", "roleRef")),
        Column::AGE,
        Column::new("Users", Doc::Text("Users in the clusterRoleBinding")).wide(),
        Column::new("Groups", Doc::Text("Groups in the clusterRoleBinding")).wide(),
        Column::new("ServiceAccounts", Doc::Text("ServiceAccounts in the clusterRoleBinding")).wide(),
    ],
    cells: role_binding::cells,
    name_rule: NameRule::PathSegment,
    create_on_update: true,
    strategy: &ClusterRoleBinding,
    ..KindDef::BASE
};

struct ClusterRoleBinding;

impl Strategy for ClusterRoleBinding {
    fn default(&self, object: &mut Value) {
        policy::default_binding(object);
    }

    fn authorize(&self, object: &Value, _old: Option<&Value>, authority: &dyn Authority) -> Result<()> {
        escalation::check_binding(object, DEF.plural, authority)
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        policy::binding_errors(object, &["ClusterRole"], false)
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let mut errors = self.validate(object);
        errors.extend(policy::changed_role_errors(object, old));
        errors
    }
}
