//! ReplicaSet: a number of pods that are all alike.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::scale;
use super::workload;
use crate::kinds::{
    Column, Doc, Kind, KindDef, Moment, SelectableField, Strategy, Subresource, model::strategy::age, rules::fill,
    texts,
};
use crate::object::{FieldErrors, GroupVersionKind, Path, meta};

const GVK: GroupVersionKind = GroupVersionKind::new("apps", "v1", "ReplicaSet");
const SPEC: &str = "api.apps.v1.ReplicaSetSpec";
const STATUS: &str = "api.apps.v1.ReplicaSetStatus";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "replicasets".into(),
        singular: "replicaset".into(),
        short_names: texts(["rs"]),
        categories: texts(["all"]),
        subresources: vec![scale::subresource(), Subresource::status(GVK)],
        schema: "api.apps.v1.ReplicaSet".into(),
        columns: vec![
            Column::NAME,
            Column::new("Desired", Doc::Field(SPEC, "replicas")).integer(),
            Column::new("Current", Doc::Field(STATUS, "replicas")).integer(),
            Column::new("Ready", Doc::Field(STATUS, "readyReplicas")).integer(),
            Column::AGE,
            Column::new("Containers", Doc::text("Names of each container in the template.")).wide(),
            Column::new("Images", Doc::text("Images referenced by each container in the template.")).wide(),
            Column::new("Selector", Doc::Field(SPEC, "selector")).wide(),
        ],
        cells: Arc::new(cells),
        fields: vec![SelectableField::new("status.replicas", |object| {
            workload::counted(object, "replicas").to_string()
        })],
        has_generation: true,
        has_status: true,
        strategy: Arc::new(ReplicaSet),
        ..KindDef::default()
    })
});

struct ReplicaSet;

impl Strategy for ReplicaSet {
    fn default(&self, object: &mut Value) {
        let Some(members) = object.as_object_mut() else { return };
        fill::inside(members, "spec", |spec| {
            fill::null(spec, "replicas", 1);
            workload::default_template(spec);
        });
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
        errors.extend(workload::count_error(&path, object, "minReadySeconds"));
        errors.extend(workload::pod_errors(&path, object));
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let mut errors = self.validate(object);
        errors.extend(workload::changed_selector(object, old));
        errors
    }

    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        object.get("spec") != old.get("spec")
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        workload::warnings(object, old)
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> FieldErrors {
        let members = [
            "replicas",
            "fullyLabeledReplicas",
            "readyReplicas",
            "availableReplicas",
            "terminatingReplicas",
            "observedGeneration",
        ];
        let parts = [
            ("fullyLabeledReplicas", "replicas"),
            ("readyReplicas", "replicas"),
            ("availableReplicas", "replicas"),
            ("availableReplicas", "readyReplicas"),
        ];
        workload::status_errors(object, &members, &parts)
    }
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let mut cells = vec![
        meta::name(object).into(),
        workload::replicas(object).into(),
        workload::counted(object, "replicas").into(),
        workload::counted(object, "readyReplicas").into(),
        age(object, now).into(),
    ];
    cells.extend(workload::wide_cells(object));
    cells
}
