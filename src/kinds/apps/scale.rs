//! The `scale` subresource: how many pods there should be, in a form that is the same for all kinds.

use std::sync::Arc;

use serde_json::{Value, json};

use super::workload;
use crate::kinds::{Behaviour, Column, Doc, Form, Moment, Subresource, Verb, model::strategy::age};
use crate::object::{FieldError, GroupVersionKind, Path, Status, meta, status::Result};

/// The subresource.
pub fn subresource() -> Subresource {
    with_selector(workload::selector_text)
}

/// The field of a Scale that may be written, as conflicts name it.
pub const FIELD: &str = ".spec.replicas";

/// The subresource of a kind whose selector is read in this way.
pub fn with_selector(selector: fn(&Value) -> String) -> Subresource {
    let gvk = GroupVersionKind::new("autoscaling", "v1", "Scale");
    Subresource::new("scale", gvk, Verb::STATUS, Behaviour::Form(Arc::new(Scale { selector })))
}

struct Scale {
    selector: fn(&Value) -> String,
}

impl Form for Scale {
    fn of(&self, object: &Value) -> Result<Value> {
        let mut metadata = json!({});
        for member in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            if let Some(value) = meta::at(object, &["metadata", member]) {
                metadata[member] = value.clone();
            }
        }
        Ok(json!({
            "metadata": metadata,
            "spec": {"replicas": workload::replicas(object)},
            "status": {
                "replicas": workload::counted(object, "replicas"),
                "selector": (self.selector)(object),
            },
        }))
    }

    fn managed(&self) -> Vec<&str> {
        vec!["spec", "replicas"]
    }

    fn apply(&self, object: &mut Value, scale: &Value) -> Result<()> {
        let replicas = requested(scale)?;
        meta::map_mut(object, "spec").insert("replicas".to_owned(), replicas.into());
        Ok(())
    }

    /// A number that is 0 is not written.
    fn hidden_fields(&self, object: &Value) -> &'static [&'static [&'static str]] {
        if workload::replicas(object) == 0 { &[&["status"], &["spec", "replicas"]] } else { &[] }
    }

    fn columns(&self) -> Vec<Column> {
        vec![
            Column::NAME,
            Column::new("Desired", Doc::Field("api.autoscaling.v1.ScaleSpec", "replicas")).integer(),
            Column::new("Available", Doc::Field("api.autoscaling.v1.ScaleStatus", "replicas")).integer(),
            Column::AGE,
        ]
    }

    fn cells(&self, scale: &Value, now: Moment) -> Vec<Value> {
        cells(scale, now)
    }

    fn field(&self) -> &'static str {
        FIELD
    }

    fn configuration(&self, scale: &Value) -> Result<Value> {
        Ok(json!({"spec": {"replicas": requested(scale)?}}))
    }
}

/// The cells of a Scale's row.
pub fn cells(scale: &Value, now: Moment) -> Vec<Value> {
    let replicas = |part| meta::at(scale, &[part, "replicas"]).cloned().unwrap_or_else(|| 0.into());
    vec![meta::name(scale).into(), replicas("spec"), replicas("status"), age(scale, now).into()]
}

/// The number of pods that a Scale asks for.
fn requested(scale: &Value) -> Result<i64> {
    let replicas = meta::at(scale, &["spec", "replicas"]).and_then(Value::as_i64).unwrap_or_default();
    if replicas >= 0 {
        return Ok(replicas);
    }
    let path = Path::new("spec").child("replicas");
    let error = FieldError::invalid(&path, replicas, "must be greater than or equal to 0");
    Err(Status::invalid_named("autoscaling", "Scale", meta::name(scale), &[error]))
}
