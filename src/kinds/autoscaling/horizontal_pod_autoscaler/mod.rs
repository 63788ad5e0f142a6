//! HorizontalPodAutoscaler: how many pods there should be for what is measured.

mod behavior;
mod metrics;
mod table;

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use crate::kinds::{
    Column, Doc, Kind, KindDef, Strategy, Subresource,
    rules::{check, fill},
    texts,
};
use crate::object::{
    FieldError, FieldErrors, GroupVersionKind, Path,
    gvk::split_api_version,
    meta::{self, Object},
    names,
};

const GVK: GroupVersionKind = GroupVersionKind::new("autoscaling", "v2", "HorizontalPodAutoscaler");
const SPEC: &str = "api.autoscaling.v2.HorizontalPodAutoscalerSpec";
const STATUS: &str = "api.autoscaling.v2.HorizontalPodAutoscalerStatus";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "horizontalpodautoscalers".into(),
        singular: "horizontalpodautoscaler".into(),
        short_names: texts(["hpa"]),
        categories: texts(["all"]),
        subresources: vec![Subresource::status(GVK)],
        schema: "api.autoscaling.v2.HorizontalPodAutoscaler".into(),
        columns: columns(),
        cells: Arc::new(table::cells),
        has_status: true,
        strategy: Arc::new(HorizontalPodAutoscaler),
        ..KindDef::default()
    })
});

/// The columns of all versions.
pub fn columns() -> Vec<Column> {
    vec![
        Column::NAME,
        Column::new("Reference", Doc::Field(SPEC, "scaleTargetRef")),
        Column::new("Targets", Doc::Field(SPEC, "metrics")),
        Column::new("MinPods", Doc::Field(SPEC, "minReplicas")),
        Column::new("MaxPods", Doc::Field(SPEC, "maxReplicas")),
        Column::new("Replicas", Doc::Field(STATUS, "currentReplicas")),
        Column::AGE,
    ]
}

struct HorizontalPodAutoscaler;

impl Strategy for HorizontalPodAutoscaler {
    fn default(&self, object: &mut Value) {
        default_spec(meta::map_mut(object, "spec"));
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let null = Value::Null;
        spec_errors(&Path::new("spec"), object.get("spec").unwrap_or(&null))
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> FieldErrors {
        let path = Path::new("status");
        let counts = ["currentReplicas", "desiredReplicas"].into_iter();
        let count = |name| meta::at(object, &["status", name]).and_then(Value::as_i64).unwrap_or_default();
        counts.filter_map(|name| check::not_negative(&path.child(name), count(name))).collect()
    }
}

fn default_spec(spec: &mut Object) {
    fill::null(spec, "minReplicas", 1);
    if spec.get("metrics").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        let target = json!({"type": "Utilization", "averageUtilization": 80});
        spec.insert("metrics".to_owned(), json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]));
    }
    fill::inside(spec, "behavior", behavior::default);
}

fn spec_errors(path: &Path, spec: &Value) -> FieldErrors {
    let min = spec.get("minReplicas").and_then(Value::as_i64);
    let max = check::integer(spec, "maxReplicas");
    let at = path.child("maxReplicas");
    let mut errors = FieldErrors::new();
    if let Some(min) = min.filter(|min| *min < 1) {
        let path = path.child("minReplicas");
        errors.push(FieldError::invalid(&path, min, "must be greater than or equal to 1"));
    }
    match max {
        0 => errors.push(FieldError::required(&at, "must be set and greater than 0")),
        max if max < 0 => errors.push(FieldError::invalid(&at, max, "must be greater than or equal to 1")),
        _ => {}
    }
    if min.is_some_and(|min| max < min) {
        errors.push(FieldError::invalid(&at, max, "must be greater than or equal to `minReplicas`"));
    }
    let target = spec.get("scaleTargetRef").unwrap_or(&Value::Null);
    let at = path.child("scaleTargetRef");
    errors.extend(reference_errors(&at, target));
    errors.extend(version_error(&at.child("apiVersion"), target));
    errors.extend(metrics::errors(&path.child("metrics"), meta::items(spec, &["metrics"]), min));
    if let Some(behavior) = check::given(spec, "behavior") {
        errors.extend(behavior::errors(&path.child("behavior"), behavior));
    }
    errors
}

/// Checks which object is meant.
fn reference_errors(path: &Path, reference: &Value) -> FieldErrors {
    let members = ["kind", "name"].into_iter();
    let text = |name| meta::text(reference, &[name]);
    members.flat_map(|name| check::required_rule(&path.child(name), text(name), names::path_segment)).collect()
}

/// What can be scaled has a group, but for what was there before groups.
fn version_error(path: &Path, target: &Value) -> Option<FieldError> {
    let version = meta::text(target, &["apiVersion"]);
    if version.matches('/').count() > 1 {
        return Some(FieldError::invalid(path, version, &format!("unexpected GroupVersion string: {version}")));
    }
    let is_old = meta::text(target, &["kind"]) == "ReplicationController" && version == "v1";
    let has_group = !split_api_version(version).0.is_empty();
    (!has_group && !is_old).then(|| FieldError::invalid(path, version, "apiVersion must specify API group"))
}
