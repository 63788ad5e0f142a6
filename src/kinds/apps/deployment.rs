//! Deployment: pods that are replaced, some at a time, when their template changes.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use super::{scale, workload};
use crate::kinds::{
    Column, Doc, Kind, KindDef, Moment, Strategy, Subresource,
    model::strategy::age,
    rules::{check, fill, share},
    texts,
};
use crate::object::{
    FieldError, FieldErrors, GroupVersionKind, Path,
    meta::{self, Object},
};

const GVK: GroupVersionKind = GroupVersionKind::new("apps", "v1", "Deployment");
const STATUS: &str = "api.apps.v1.DeploymentStatus";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "deployments".into(),
        singular: "deployment".into(),
        short_names: texts(["deploy"]),
        categories: texts(["all"]),
        subresources: vec![scale::subresource(), Subresource::status(GVK)],
        schema: "api.apps.v1.Deployment".into(),
        columns: vec![
            Column::NAME,
            Column::new("Ready", Doc::text("Number of the pod with ready state")),
            Column::new("Up-to-date", Doc::Field(STATUS, "updatedReplicas")),
            Column::new("Available", Doc::Field(STATUS, "availableReplicas")),
            Column::AGE,
            Column::new("Containers", Doc::text("Names of each container in the template.")).wide(),
            Column::new("Images", Doc::text("Images referenced by each container in the template.")).wide(),
            Column::new("Selector", Doc::Field("api.apps.v1.DeploymentSpec", "selector")).wide(),
        ],
        cells: Arc::new(cells),
        has_generation: true,
        has_status: true,
        strategy: Arc::new(Deployment),
        ..KindDef::default()
    })
});

struct Deployment;

impl Strategy for Deployment {
    fn default(&self, object: &mut Value) {
        let Some(members) = object.as_object_mut() else { return };
        fill::inside(members, "spec", default_spec);
    }

    fn prepare_for_create(&self, object: &mut Value, _now: Moment) {
        workload::prepare_template(object);
    }

    fn prepare_for_update(&self, object: &mut Value, _old: &Value) {
        workload::prepare_template(object);
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let path = Path::new("spec");
        let mut errors = FieldErrors::new();
        errors.extend(workload::count_error(&path, object, "replicas"));
        errors.extend(workload::pod_errors(&path, object));
        errors.extend(strategy_errors(&path.child("strategy"), object));
        for member in ["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"] {
            errors.extend(workload::count_error(&path, object, member));
        }
        errors.extend(deadline_error(&path, object));
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let mut errors = self.validate(object);
        errors.extend(workload::changed_selector(object, old));
        errors
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        workload::warnings(object, old)
    }

    fn prepare_for_status(&self, object: &mut Value, old: &Value) {
        workload::prepare_for_status(object, old);
    }

    fn status_reset_fields(&self) -> &'static [&'static [&'static str]] {
        &[&["spec"], &["metadata", "labels"]]
    }

    fn validate_status(&self, object: &Value, old: &Value) -> FieldErrors {
        let members = [
            "observedGeneration",
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
            "terminatingReplicas",
            "collisionCount",
        ];
        let parts = [
            ("updatedReplicas", "replicas"),
            ("readyReplicas", "replicas"),
            ("availableReplicas", "replicas"),
            ("availableReplicas", "readyReplicas"),
        ];
        let mut errors = workload::status_errors(object, &members, &parts);
        errors.extend(workload::collision_error(object, old));
        errors
    }

    /// Annotations count, too: they end up on the ReplicaSets.
    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        let annotations = |object| meta::at(object, &["metadata", "annotations"]);
        object.get("spec") != old.get("spec") || annotations(object) != annotations(old)
    }
}

fn default_spec(spec: &mut Object) {
    fill::null(spec, "replicas", 1);
    fill::null(spec, "strategy", json!({}));
    fill::inside(spec, "strategy", |strategy| {
        fill::absent(strategy, "type", "RollingUpdate");
        if strategy["type"] == "RollingUpdate" {
            fill::null(strategy, "rollingUpdate", json!({}));
            fill::inside(strategy, "rollingUpdate", |rolling| {
                fill::null(rolling, "maxUnavailable", "25%");
                fill::null(rolling, "maxSurge", "25%");
            });
        }
    });
    fill::null(spec, "revisionHistoryLimit", 10);
    fill::null(spec, "progressDeadlineSeconds", 600);
    workload::default_template(spec);
}

fn strategy_errors(path: &Path, object: &Value) -> FieldErrors {
    let null = Value::Null;
    let strategy = meta::at(object, &["spec", "strategy"]).unwrap_or(&null);
    let rolling = check::given(strategy, "rollingUpdate");
    let at = path.child("rollingUpdate");
    match (meta::text(strategy, &["type"]), rolling) {
        ("Recreate", None) => FieldErrors::new(),
        ("Recreate", Some(_)) => {
            let detail = "may not be specified when strategy `type` is 'Recreate'";
            vec![FieldError::forbidden(&at, detail)]
        }
        ("RollingUpdate", None) => vec![FieldError::required(&at, "this should be defaulted and never be nil")],
        ("RollingUpdate", Some(rolling)) => rolling_errors(&at, rolling),
        (other, _) => {
            let shown = json!({"Type": other, "RollingUpdate": rolling.map(|rolling| {
                json!({"MaxUnavailable": rolling.get("maxUnavailable"), "MaxSurge": rolling.get("maxSurge")})
            })});
            vec![FieldError::not_supported(path, shown, &["Recreate", "RollingUpdate"])]
        }
    }
}

fn rolling_errors(path: &Path, rolling: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let zero = |value: Option<&Value>| value.is_none_or(|value| share::of(Some(value), 100, false) == 0);
    for member in ["maxUnavailable", "maxSurge"] {
        errors.extend(rolling.get(member).and_then(|value| share::error(&path.child(member), value)));
    }
    let unavailable = rolling.get("maxUnavailable");
    if zero(unavailable) && zero(rolling.get("maxSurge")) {
        let shown = unavailable.cloned().unwrap_or(Value::Null);
        errors.push(FieldError::invalid(&path.child("maxUnavailable"), shown, "may not be 0 when `maxSurge` is 0"));
    }
    errors.extend(share::excess_error(&path.child("maxUnavailable"), unavailable));
    errors
}

fn deadline_error(spec: &Path, object: &Value) -> Option<FieldError> {
    let number = |member: &str| meta::at(object, &["spec", member]).and_then(Value::as_i64);
    let deadline = number("progressDeadlineSeconds")?;
    let path = spec.child("progressDeadlineSeconds");
    let late = deadline <= number("minReadySeconds").unwrap_or_default();
    late.then(|| FieldError::invalid(&path, deadline, "must be greater than minReadySeconds"))
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let mut cells = vec![
        meta::name(object).into(),
        format!("{}/{}", workload::counted(object, "readyReplicas"), workload::replicas(object)).into(),
        workload::counted(object, "updatedReplicas").into(),
        workload::counted(object, "availableReplicas").into(),
        age(object, now).into(),
    ];
    cells.extend(workload::wide_cells(object));
    cells
}
