//! PodTemplate: a template that no controller uses yet.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use crate::kinds::{Check, Column, DeletionResult, Doc, Kind, KindDef, Moment, Strategy, apps::workload, pod};
use crate::object::{FieldErrors, GroupVersionKind, Path, meta};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("", "v1", "PodTemplate"),
        plural: "podtemplates".into(),
        singular: "podtemplate".into(),
        schema: "api.core.v1.PodTemplate".into(),
        columns: vec![
            Column::NAME,
            Column::new("Containers", Doc::text("Names of each container in the template.")),
            Column::new("Images", Doc::text("Images referenced by each container in the template.")),
            Column::new("Pod Labels", Doc::text("The labels for the pod template.")),
        ],
        cells: Arc::new(cells),
        deletion_result: DeletionResult::Object,
        has_generation: true,
        strategy: Arc::new(PodTemplate),
        ..KindDef::default()
    })
});

struct PodTemplate;

impl Strategy for PodTemplate {
    fn default(&self, object: &mut Value) {
        workload::default_template(meta::members_mut(object));
    }

    fn prepare_for_create(&self, object: &mut Value, _now: Moment) {
        prepare(object);
    }

    fn prepare_for_update(&self, object: &mut Value, _old: &Value) {
        prepare(object);
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::MetadataChange, Check::Object]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        pod::template_errors(&Path::new("template"), object.get("template").unwrap_or(&Value::Null))
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        if old.is_some_and(|old| workload::is_same_generation(object, old)) {
            return Vec::new();
        }
        let template = object.get("template");
        template.into_iter().flat_map(|template| pod::template_warnings(&Path::new("template"), template)).collect()
    }

    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        object.get("template") != old.get("template")
    }
}

fn prepare(object: &mut Value) {
    if let Some(Value::Object(pod)) = object.get_mut("template").and_then(|template| template.get_mut("spec")) {
        pod::drop_disabled(pod);
    }
}

fn cells(object: &Value, _now: Moment) -> Vec<Value> {
    let labels = meta::map(object, &["template", "metadata", "labels"]).into_iter().flatten();
    let mut labels: Vec<_> =
        labels.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    labels.sort_unstable();
    let [containers, images] = workload::container_cells(object, &["template"]);
    let labels = if labels.is_empty() { "<none>".to_owned() } else { labels.join(",") };
    vec![meta::name(object).into(), containers, images, labels.into()]
}
