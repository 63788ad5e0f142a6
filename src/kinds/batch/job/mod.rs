//! Job: pods that run until enough of them have succeeded.

mod failure_policy;
mod indexes;
mod layout;
mod selector;
pub mod spec;
mod status;
mod success_policy;
mod table;
mod update;

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use crate::kinds::{
    Check, Column, Doc, FieldLabels, Kind, KindDef, Moment, SelectableField, Strategy, Subresource, apps::workload,
    texts,
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};

const GVK: GroupVersionKind = GroupVersionKind::new("batch", "v1", "Job");
const SPEC: &str = "api.batch.v1.JobSpec";
const STATUS: &str = "api.batch.v1.JobStatus";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "jobs".into(),
        singular: "job".into(),
        categories: texts(["all"]),
        subresources: vec![Subresource::status(GVK)],
        schema: "api.batch.v1.Job".into(),
        columns: vec![
            Column::NAME,
            Column::new("Status", Doc::text("Status of the job.")),
            Column::new("Completions", Doc::Field(STATUS, "succeeded")),
            Column::new("Duration", Doc::text("Time required to complete the job.")),
            Column::AGE,
            Column::new("Containers", Doc::text("Names of each container in the template.")).wide(),
            Column::new("Images", Doc::text("Images referenced by each container in the template.")).wide(),
            Column::new("Selector", Doc::Field(SPEC, "selector")).wide(),
        ],
        cells: Arc::new(table::cells),
        fields: vec![SelectableField::new("status.successful", |job| {
            workload::counted(job, "succeeded").to_string()
        })],
        field_labels: FieldLabels::Quoted("batchv1.Job"),
        orphans_by_default: true,
        orphan_warning: Some(
            "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them \
             or set propagationPolicy=Orphan to suppress this warning"
                .into(),
        ),
        has_generation: true,
        has_status: true,
        strategy: Arc::new(Job),
        ..KindDef::default()
    })
});

struct Job;

impl Strategy for Job {
    fn default(&self, object: &mut Value) {
        spec::default(meta::map_mut(object, "spec"));
        workload::take_labels(object);
    }

    fn prepare_for_create(&self, object: &mut Value, _now: Moment) {
        selector::generate(object);
        workload::prepare_template(object);
    }

    fn prepare_for_update(&self, object: &mut Value, _old: &Value) {
        workload::prepare_template(object);
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Object, Check::MetadataChange, Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        own_errors(object)
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        update::errors(object, old)
    }

    fn canonicalize(&self, object: &mut Value) {
        workload::take_labels(object);
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        if old.is_some_and(|old| workload::is_same_generation(object, old)) {
            return Vec::new();
        }
        let mut warnings: Vec<_> = workload::name_warning(object).filter(|_| old.is_none()).into_iter().collect();
        warnings.extend(spec::warnings(&Path::new("spec"), object.get("spec").unwrap_or(&Value::Null)));
        warnings
    }

    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        object.get("spec") != old.get("spec")
    }

    fn validate_status(&self, object: &Value, old: &Value) -> FieldErrors {
        status::errors(object, old)
    }
}

fn own_errors(object: &Value) -> FieldErrors {
    let path = Path::new("spec");
    let null = Value::Null;
    let spec = object.get("spec").unwrap_or(&null);
    let mut errors = selector::errors(&path, object);
    errors.extend(spec::errors(&path, spec));
    let completions = spec.get("completions").and_then(Value::as_i64).filter(|count| *count > 0);
    if let Some(count) = completions.filter(|_| spec::is_indexed(spec)) {
        let hostname = format!("{}-{}", meta::name(object), count - 1);
        if !names::dns1123_label(&hostname).is_empty() {
            let path = Path::new("metadata").child("name");
            let detail = format!("will not able to create pod with invalid DNS label: {hostname}");
            errors.push(FieldError::invalid(&path, meta::name(object), &detail));
        }
    }
    errors
}
