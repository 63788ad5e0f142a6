//! `Table`: what `kubectl get` prints, made from a kind's columns and cells. Pure.

use serde_json::{Map, Value, json};

use super::{list_meta::list_meta, partial};
use crate::http::request::query::Query;
use crate::{
    kinds::{Column, Doc, Form, KindDef, model::strategy::Moment},
    object::{FieldError, Path, Status, meta, status::Result},
    schema,
    verbs::{Page, view},
};

/// What each row carries beside its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Include {
    /// The object's metadata.
    Metadata,
    /// The whole object.
    Object,
    /// Nothing.
    None,
}

impl Include {
    /// The `includeObject` parameter.
    pub fn from_query(query: &Query) -> Result<Self> {
        match query.first("includeObject").unwrap_or_default() {
            "" | "Metadata" => Ok(Self::Metadata),
            "Object" => Ok(Self::Object),
            "None" => Ok(Self::None),
            other => {
                let why = "must be 'Metadata', 'Object', 'None', or empty";
                let error = FieldError::invalid(&Path::new("includeObject"), other, why);
                Err(Status::bad_request(format!("Unable to convert to Table as requested: {error}")))
            }
        }
    }
}

/// A table of one object.
pub fn of_object(def: &KindDef, version: &str, object: &Value, include: Include, now: Moment) -> Value {
    of_event(def, version, object, include, now, true)
}

/// A table of an object's form, such as its scale.
pub fn of_form(form: &dyn Form, version: &str, object: &Value, include: Include, now: Moment) -> Value {
    let columns = form.columns().iter().map(column).collect();
    let row = row_of(form.cells(object, now), Vec::new(), version, object, include);
    table(version, revision_of(object), columns, vec![row])
}

/// A table of a page of a list.
pub fn of_list(def: &KindDef, version: &str, page: &Page, include: Include, now: Moment) -> Value {
    let rows = page.items.iter().map(|stored| row(def, version, &view(def, stored), include, now));
    table(version, list_meta(page, false), columns(def), rows.collect())
}

/// The table of one watch event. Only the first of a watch names the columns.
pub fn of_event(def: &KindDef, version: &str, object: &Value, include: Include, now: Moment, headings: bool) -> Value {
    let columns = if headings { columns(def) } else { Value::Null };
    table(version, revision_of(object), columns, vec![row(def, version, object, include, now)])
}

fn table(version: &str, metadata: Map<String, Value>, columns: Value, rows: Vec<Value>) -> Value {
    json!({
        "kind": "Table",
        "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": metadata,
        "columnDefinitions": columns,
        "rows": rows,
    })
}

fn revision_of(object: &Value) -> Map<String, Value> {
    let revision = meta::resource_version(object);
    let member = (!revision.is_empty()).then(|| ("resourceVersion".to_owned(), revision.into()));
    member.into_iter().collect()
}

fn columns(def: &KindDef) -> Value {
    def.columns.iter().map(column).collect()
}

fn column(column: &Column) -> Value {
    let description = match &column.doc {
        Doc::Field(message, field) => schema::description(message, Some(field)).unwrap_or_default(),
        Doc::Text(text) => text,
    };
    json!({
        "name": column.name,
        "type": column.kind,
        "format": column.format,
        "description": description,
        "priority": column.priority,
    })
}

fn row(def: &KindDef, version: &str, object: &Value, include: Include, now: Moment) -> Value {
    row_of((def.cells)(object, now), (def.row_conditions)(object), version, object, include)
}

fn row_of(cells: Vec<Value>, conditions: Vec<Value>, version: &str, object: &Value, include: Include) -> Value {
    let mut row = Map::new();
    row.insert("cells".into(), cells.into());
    if !conditions.is_empty() {
        row.insert("conditions".into(), conditions.into());
    }
    let shown = match include {
        Include::Metadata => partial::of_object(version, object),
        Include::Object => object.clone(),
        Include::None => Value::Null,
    };
    row.insert("object".into(), shown);
    row.into()
}
