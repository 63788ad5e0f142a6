//! ClusterRole: what may be done in the whole cluster, or in any namespace that binds it.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::{escalation, policy, role};
use crate::kinds::{Authority, Check, Kind, KindDef, NameRule, Scope, Strategy, rules::check};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, status::Result};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new(policy::GROUP, "v1", "ClusterRole"),
        plural: "clusterroles".into(),
        singular: "clusterrole".into(),
        scope: Scope::Cluster,
        schema: "api.rbac.v1.ClusterRole".into(),
        columns: role::columns(),
        cells: Arc::new(role::cells),
        name_rule: NameRule::PathSegment,
        create_on_update: true,
        strategy: Arc::new(ClusterRole),
        ..KindDef::default()
    })
});

struct ClusterRole;

impl Strategy for ClusterRole {
    fn authorize(&self, object: &Value, old: Option<&Value>, authority: &dyn Authority) -> Result<()> {
        escalation::check_role(object, old, &DEF.plural, authority)
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Object, Check::MetadataChange]
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
