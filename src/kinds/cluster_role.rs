//! ClusterRole: what may be done in the whole cluster, or in any namespace that binds it.

use serde_json::Value;

use super::{KindDef, NameRule, Scope, Strategy, check, rbac, role};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta};

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new(rbac::GROUP, "v1", "ClusterRole"),
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
    fn validate(&self, object: &Value) -> FieldErrors {
        let mut errors = rbac::rule_errors(object, false);
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
