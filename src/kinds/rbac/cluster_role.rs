//! ClusterRole: what may be done in the whole cluster, or in any namespace that binds it.

use serde_json::Value;

use super::{escalation, policy, role};
use crate::kinds::{Authority, KindDef, NameRule, Scope, Strategy, rules::check};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, status::Result};

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new(policy::GROUP, "v1", "ClusterRole"),
    plural: "clusterroles",
    singular: "clusterrole",
    scope: Scope::Cluster,
    message: "api.rbac.v1.ClusterRole",
    columns: role::COLUMNS,
    cells: role::cells,
    name_rule: NameRule::PathSegment,
    create_on_update: true,
    strategy: &ClusterRole,
    ..KindDef::BASE
};

struct ClusterRole;

impl Strategy for ClusterRole {
    fn authorize(&self, object: &Value, old: Option<&Value>, authority: &dyn Authority) -> Result<()> {
        escalation::check_role(object, old, DEF.plural, authority)
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let mut errors = policy::rule_errors(object, false);
        if let Some(aggregation) = check::given(object, "aggregationRule")
            && meta::items(aggregation, &["clusterRoleSelectors"]).is_empty()
        {
            let path = Path::new("aggregationRule").child("clusterRoleSelectors");
            let detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
            errors.push(FieldError::required(&path, detail));
        }
        errors
    }
}
