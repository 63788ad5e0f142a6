//! ClusterRole: what may be done in the whole cluster, or in any namespace that binds it.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::{escalation, policy, role};
use crate::kinds::{Authority, Check, Kind, KindDef, NameRule, Scope, Strategy, pod, rules::check};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, selector::LabelSelector, status::Result};

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
        errors.extend(check::given(object, "aggregationRule").into_iter().flat_map(aggregation_errors));
        errors
    }
}

fn aggregation_errors(aggregation: &Value) -> FieldErrors {
    let path = Path::new("aggregationRule").child("clusterRoleSelectors");
    let selectors = meta::items(aggregation, &["clusterRoleSelectors"]);
    let mut errors = FieldErrors::new();
    if selectors.is_empty() {
        let detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
        errors.push(FieldError::required(&path, detail));
    }
    for (i, selector) in selectors.iter().enumerate() {
        let path = path.index(i);
        errors.extend(pod::selector_errors(&path, selector));
        if LabelSelector::of_object(selector).is_err() {
            errors.push(FieldError::invalid(&path, Value::Null, "invalid label selector."));
        }
    }
    errors
}
