//! ReplicationController: a number of pods that are all alike, in the way before ReplicaSets.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use crate::kinds::{
    Column, Doc, FieldLabels, Kind, KindDef, Moment, SelectableField, Strategy, Subresource,
    apps::{scale, workload},
    model::strategy::age,
    pod,
    rules::fill,
    texts,
};
use crate::object::{
    FieldError, FieldErrors, GroupVersionKind, Path,
    meta::{self, Object},
};

const GVK: GroupVersionKind = GroupVersionKind::new("", "v1", "ReplicationController");
const SPEC: &str = "api.core.v1.ReplicationControllerSpec";
const STATUS: &str = "api.core.v1.ReplicationControllerStatus";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "replicationcontrollers".into(),
        registry_path: Some("controllers".into()),
        singular: "replicationcontroller".into(),
        short_names: texts(["rc"]),
        categories: texts(["all"]),
        subresources: vec![scale::with_selector(selector_text), Subresource::status(GVK)],
        schema: "api.core.v1.ReplicationController".into(),
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
        field_labels: FieldLabels::Converted,
        any_generate_name: true,
        orphans_by_default: true,
        has_generation: true,
        has_status: true,
        strategy: Arc::new(ReplicationController),
        ..KindDef::default()
    })
});

struct ReplicationController;

impl Strategy for ReplicationController {
    /// What the labels of the pods are, the controller's are, too, unless it says otherwise.
    fn default(&self, object: &mut Value) {
        let spec = meta::map_mut(object, "spec");
        let labels = spec.get("template").and_then(|template| meta::map(template, &["metadata", "labels"])).cloned();
        let labels = labels.filter(|labels| !labels.is_empty());
        fill::null(spec, "replicas", 1);
        workload::default_template(spec);
        if let Some(labels) = labels
            && spec.get("selector").and_then(Value::as_object).is_none_or(Object::is_empty)
        {
            spec.insert("selector".to_owned(), labels.into());
        }
        workload::take_labels(object);
    }

    fn canonicalize(&self, object: &mut Value) {
        workload::take_labels(object);
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
        errors.extend(workload::count_error(&path, object, "minReadySeconds"));
        if meta::map(object, &["spec", "selector"]).is_none_or(Object::is_empty) {
            errors.push(FieldError::required(&path.child("selector"), ""));
        }
        errors.extend(workload::count_error(&path, object, "replicas"));
        errors.extend(template_errors(&path.child("template"), object));
        errors
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        workload::warnings(object, old)
    }

    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        object.get("spec") != old.get("spec")
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> FieldErrors {
        let members = ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"];
        let parts = [
            ("fullyLabeledReplicas", "replicas"),
            ("readyReplicas", "replicas"),
            ("availableReplicas", "replicas"),
            ("availableReplicas", "readyReplicas"),
        ];
        workload::status_errors(object, &members, &parts)
    }
}

/// Checks the template, which must make pods that the selector selects and that run forever.
fn template_errors(path: &Path, object: &Value) -> FieldErrors {
    let Some(template) = meta::at(object, &["spec", "template"]).filter(|template| !template.is_null()) else {
        return vec![FieldError::required(path, "")];
    };
    let mut errors = FieldErrors::new();
    let labels = meta::map(template, &["metadata", "labels"]);
    let selector = meta::map(object, &["spec", "selector"]);
    let has = |key: &String, value: &Value| labels.is_some_and(|labels| labels.get(key) == Some(value));
    if selector.is_some_and(|selector| !selector.iter().all(|(key, value)| has(key, value))) {
        errors.push(workload::label_error(path, labels));
    }
    errors.extend(pod::template_errors(path, template));
    let (path, null) = (path.child("spec"), Value::Null);
    let pod = template.get("spec").unwrap_or(&null);
    errors.extend(workload::end_errors(&path, pod, "ReplicationController"));
    errors
}

/// The selector in the form that tables and scales use: `app=web,tier=a`.
fn selector_text(object: &Value) -> String {
    let labels = meta::map(object, &["spec", "selector"]).into_iter().flatten();
    let mut parts: Vec<_> =
        labels.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    parts.sort_unstable();
    parts.join(",")
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let selector = selector_text(object);
    let mut cells = vec![
        meta::name(object).into(),
        workload::replicas(object).into(),
        workload::counted(object, "replicas").into(),
        workload::counted(object, "readyReplicas").into(),
        age(object, now).into(),
    ];
    cells.extend(workload::container_cells(object, &["spec", "template"]));
    cells.push(if selector.is_empty() { "<none>".into() } else { selector.into() });
    cells
}
