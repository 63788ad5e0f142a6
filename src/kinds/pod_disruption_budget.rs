//! PodDisruptionBudget: how many of some pods may be evicted at the same time.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use super::{
    Check, Column, Doc, Kind, KindDef, Moment, NameRule, Strategy, Subresource,
    model::strategy::age,
    pod,
    rules::{check, conditions, go_struct, share},
    texts,
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, selector::LabelSelector};

const GVK: GroupVersionKind = GroupVersionKind::new("policy", "v1", "PodDisruptionBudget");

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "poddisruptionbudgets".into(),
        singular: "poddisruptionbudget".into(),
        short_names: texts(["pdb"]),
        subresources: vec![Subresource::status(GVK)],
        schema: "api.policy.v1.PodDisruptionBudget".into(),
        columns: vec![
            Column::NAME,
            Column::new("Min Available", Doc::text("The minimum number of pods that must be available.")),
            Column::new("Max Unavailable", Doc::text("The maximum number of pods that may be unavailable.")),
            Column::new(
                "Allowed Disruptions",
                Doc::text("Calculated number of pods that may be disrupted at this time."),
            )
            .integer(),
            Column::AGE,
        ],
        cells: Arc::new(cells),
        name_rule: NameRule::PathSegment,
        any_finalizer: true,
        unconditional_update: false,
        has_generation: true,
        has_status: true,
        strategy: Arc::new(PodDisruptionBudget),
        ..KindDef::default()
    })
});

/// Pods that are not ready may be evicted whatever the budget allows.
pub const ALWAYS_ALLOW: &str = "AlwaysAllow";
/// Pods that are not ready may be evicted if there are enough others.
const IF_HEALTHY: &str = "IfHealthyBudget";

/// The condition that says whether a pod may be evicted.
pub const ALLOWED: &str = "DisruptionAllowed";
/// Its reason when nobody knows.
pub const SYNC_FAILED: &str = "SyncFailed";

struct PodDisruptionBudget;

impl Strategy for PodDisruptionBudget {
    /// Only what all objects have in common is checked of the metadata.
    fn create_checks(&self) -> &'static [Check] {
        &[Check::Object]
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let mut errors = spec_errors(object);
        errors.extend(selector_errors(object));
        errors.extend(policy_error(object));
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let mut errors = spec_errors(object);
        let found = selector_errors(object);
        let selector = |object| meta::at(object, &["spec", "selector"]);
        // A selector that was accepted in earlier days may stay.
        if selector(object) != selector(old) || selector_errors(old).is_empty() {
            errors.extend(found);
        }
        errors.extend(policy_error(object));
        errors
    }

    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        object.get("spec") != old.get("spec")
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> FieldErrors {
        let path = Path::new("status");
        let null = Value::Null;
        let status = object.get("status").unwrap_or(&null);
        let mut errors = conditions::errors(&path.child("conditions"), meta::items(status, &["conditions"]));
        for member in ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] {
            errors.extend(check::not_negative(&path.child(member), check::integer(status, member)));
        }
        errors
    }
}

/// Whether a budget is for a pod. Without a selector it is for none, an empty one selects all of the namespace.
pub fn selects(budget: &Value, pod: &Value) -> bool {
    selector(budget).is_some_and(|selector| selector.matches_map(meta::map(pod, &["metadata", "labels"])))
}

/// What a budget selects; `None` is nothing.
pub fn selector(budget: &Value) -> Option<LabelSelector> {
    let selector = meta::at(budget, &["spec", "selector"]).filter(|selector| !selector.is_null())?;
    LabelSelector::of_object(selector).ok()
}

/// Brings the condition that says whether a pod may be evicted in line with the rest of the status.
pub fn set_allowed_condition(budget: &mut Value, now: Moment) {
    let is_allowed = counted(budget, "disruptionsAllowed") > 0;
    let (status, reason) = if is_allowed { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    set_condition(budget, status, reason, "", now);
}

/// Sets that condition.
pub fn set_condition(budget: &mut Value, status: &str, reason: &str, message: &str, now: Moment) {
    let generation = counted(budget, "observedGeneration");
    let conditions = meta::map_mut(budget, "status").entry("conditions").or_insert(Value::Null);
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    let Value::Array(conditions) = conditions else { return };
    let known = conditions.iter_mut().find(|known| known["type"] == ALLOWED);
    let time = match &known {
        Some(known) if known["status"] == status => known["lastTransitionTime"].clone(),
        _ => Moment::from_second(now.as_second()).unwrap_or(now).to_string().into(),
    };
    let mut condition = json!({
        "type": ALLOWED,
        "status": status,
        "lastTransitionTime": time,
        "reason": reason,
        "message": message,
    });
    if generation != 0 {
        condition["observedGeneration"] = generation.into();
    }
    match known {
        Some(known) => *known = condition,
        None => conditions.push(condition),
    }
}

/// A number in the status; 0 if there is none.
pub fn counted(budget: &Value, member: &str) -> i64 {
    budget.get("status").map_or(0, |status| check::integer(status, member))
}

fn spec_errors(object: &Value) -> FieldErrors {
    let path = Path::new("spec");
    let null = Value::Null;
    let spec = object.get("spec").unwrap_or(&null);
    let mut errors = FieldErrors::new();
    let (least, most) = (check::given(spec, "minAvailable"), check::given(spec, "maxUnavailable"));
    if least.is_some() && most.is_some() {
        let shown = json!({
            "MinAvailable": least,
            "Selector": check::given(spec, "selector").map(go_struct::selector),
            "MaxUnavailable": most,
            "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
        });
        errors.push(FieldError::invalid(&path, shown, "minAvailable and maxUnavailable cannot be both set"));
    }
    for (member, value) in [("minAvailable", least), ("maxUnavailable", most)] {
        let Some(value) = value else { continue };
        errors.extend(share::error(&path.child(member), value));
        errors.extend(share::excess_error(&path.child(member), Some(value)));
    }
    errors
}

fn selector_errors(object: &Value) -> FieldErrors {
    let path = Path::new("spec").child("selector");
    let selector = meta::at(object, &["spec", "selector"]).filter(|selector| !selector.is_null());
    selector.map(|selector| pod::selector_errors(&path, selector)).unwrap_or_default()
}

fn policy_error(object: &Value) -> Option<FieldError> {
    let policy = meta::at(object, &["spec", "unhealthyPodEvictionPolicy"])?.as_str()?;
    let supported = [ALWAYS_ALLOW, IF_HEALTHY];
    let path = Path::new("spec").child("unhealthyPodEvictionPolicy");
    (!supported.contains(&policy)).then(|| FieldError::not_supported(&path, policy, &supported))
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let share = |member: &str| match meta::at(object, &["spec", member]) {
        None | Some(Value::Null) => "N/A".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(number) => number.to_string(),
    };
    vec![
        meta::name(object).into(),
        share("minAvailable").into(),
        share("maxUnavailable").into(),
        counted(object, "disruptionsAllowed").into(),
        age(object, now).into(),
    ]
}
