//! The `scale` subresource of a custom kind: where its definition says that the numbers are.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    kinds::{Behaviour, Column, Doc, Form, Moment, Subresource, Verb, apps::scale},
    object::{FieldError, FieldErrors, GroupVersionKind, Path, Status, meta, status::Result},
    text::{go_print, go_type},
};

/// What members of metadata a Scale has.
const METADATA: [&str; 5] = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"];

/// Where an object has the numbers of its Scale, as the definition spells it: `.spec.replicas`.
pub struct Paths {
    spec: String,
    status: String,
    selector: String,
}

/// The subresource.
pub fn subresource(paths: Arc<Paths>) -> Subresource {
    let gvk = GroupVersionKind::new("autoscaling", "v1", "Scale");
    Subresource::new("scale", gvk, Verb::STATUS, Behaviour::Form(Arc::new(Scale(paths))))
}

impl Paths {
    /// What a version of a definition says.
    pub fn read(scale: &Value) -> Self {
        let text = |name| meta::text(scale, &[name]).to_owned();
        Self { spec: text("specReplicasPath"), status: text("statusReplicasPath"), selector: text("labelSelectorPath") }
    }

    /// What is wrong with an object at these places.
    pub fn errors(&self, object: &Value) -> FieldErrors {
        let mut errors = FieldErrors::new();
        for place in [&self.spec, &self.status] {
            let path = Path::new(place);
            match integer(object, place) {
                Err(why) => errors.push(FieldError::invalid(&path, 0, &why)),
                Ok(Some(number)) if number < 0 => {
                    errors.push(FieldError::invalid(&path, number, "should be a non-negative integer"));
                }
                Ok(Some(number)) if number > i64::from(i32::MAX) => {
                    let detail = format!("should be less than or equal to {}", i32::MAX);
                    errors.push(FieldError::invalid(&path, number, &detail));
                }
                Ok(_) => {}
            }
        }
        if !self.selector.is_empty()
            && let Err(why) = string(object, &self.selector)
        {
            errors.push(FieldError::invalid(&Path::new(&self.selector), "", &why));
        }
        errors
    }
}

struct Scale(Arc<Paths>);

impl Form for Scale {
    fn managed(&self) -> Vec<&str> {
        self.0.spec.split('.').skip(1).collect()
    }

    fn of(&self, object: &Value) -> Result<Value> {
        let Some(replicas) = integer(object, &self.0.spec).map_err(Status::untyped)? else {
            return Err(Status::internal(format!("the spec replicas field {:?} does not exist", self.0.spec)));
        };
        self.with_replicas(object, replicas)
    }

    fn before(&self, object: &Value) -> Result<Value> {
        let replicas = integer(object, &self.0.spec).map_err(Status::untyped)?;
        self.with_replicas(object, replicas.unwrap_or_default())
    }

    fn apply(&self, object: &mut Value, scale: &Value) -> Result<()> {
        let replicas = meta::at(scale, &["spec", "replicas"]).and_then(Value::as_i64).unwrap_or_default();
        set(object, &self.0.spec, replicas.into()).map_err(Status::untyped)
    }

    fn columns(&self) -> Vec<Column> {
        let replicas = |name: &'static str, text: &'static str| Column::new(name, Doc::text(text)).integer();
        vec![
            Column::NAME,
            replicas("Desired", "Number of desired replicas"),
            replicas("Available", "Number of actual replicas"),
            Column::AGE.date(),
        ]
    }

    fn cells(&self, scale: &Value, now: Moment) -> Vec<Value> {
        scale::cells(scale, now)
    }

    fn field(&self) -> &'static str {
        scale::FIELD
    }

    fn configuration(&self, scale: &Value) -> Result<Value> {
        let mut part = json!({});
        self.apply(&mut part, scale)?;
        Ok(part)
    }
}

impl Scale {
    fn with_replicas(&self, object: &Value, replicas: i64) -> Result<Value> {
        let metadata = METADATA
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), meta::at(object, &["metadata", name])?.clone())));
        let metadata: Map<String, Value> = metadata.collect();
        let counted = integer(object, &self.0.status).map_err(Status::untyped)?.unwrap_or_default();
        let mut status = json!({"replicas": counted});
        if !self.0.selector.is_empty() {
            let selector = string(object, &self.0.selector).map_err(Status::untyped)?;
            meta::set(meta::members_mut(&mut status), "selector", selector.filter(|text| !text.is_empty()));
        }
        Ok(json!({"metadata": metadata, "spec": {"replicas": replicas}, "status": status}))
    }
}

fn names(path: &str) -> Vec<&str> {
    path.strip_prefix('.').unwrap_or(path).split('.').collect()
}

/// The value at a place, `None` if there is none. The error is that of Go's accessor.
fn find<'a>(object: &'a Value, path: &str) -> std::result::Result<Option<&'a Value>, String> {
    let names = names(path);
    let mut at = object;
    for name in &names {
        match at {
            Value::Object(members) => match members.get(*name) {
                Some(value) => at = value,
                None => return Ok(None),
            },
            other => return Err(mismatch(&names, other, "map[string]interface{}")),
        }
    }
    Ok(Some(at))
}

fn integer(object: &Value, path: &str) -> std::result::Result<Option<i64>, String> {
    let Some(value) = find(object, path)? else { return Ok(None) };
    value.as_i64().map(Some).ok_or_else(|| mismatch(&names(path), value, "int64"))
}

fn string(object: &Value, path: &str) -> std::result::Result<Option<String>, String> {
    let Some(value) = find(object, path)? else { return Ok(None) };
    let text = value.as_str().map(str::to_owned);
    text.map(Some).ok_or_else(|| mismatch(&names(path), value, "string"))
}

/// Sets the value at a place, and makes the objects that lead there.
fn set(object: &mut Value, path: &str, value: Value) -> std::result::Result<(), String> {
    let names = names(path);
    let (last, parents) = names.split_last().expect("a split text has a part");
    let mut at = object;
    for name in parents {
        at = meta::members_mut(at).entry(*name).or_insert_with(|| json!({}));
        if !at.is_object() {
            return Err(format!("value cannot be set because .{} is not a map[string]interface{{}}", names.join(".")));
        }
    }
    meta::members_mut(at).insert((*last).to_owned(), value);
    Ok(())
}

fn mismatch(names: &[&str], value: &Value, expected: &str) -> String {
    let (shown, found) = (go_print(value), go_type(value));
    format!(".{} accessor error: {shown} is of the type {found}, expected {expected}", names.join("."))
}
