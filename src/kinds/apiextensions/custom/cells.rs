//! What tables show of instances, and which fields selectors can name.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::json_path::JsonPath;
use crate::kinds::{
    Column, Doc, Moment, SelectableField,
    model::{
        def::Cells,
        strategy::{human_duration, name_and_age},
    },
};
use crate::{object::meta, text::go_print};

/// The columns of a version, and how their cells are made.
pub fn of(version: &Value) -> (Vec<Column>, Cells) {
    let declared = meta::items(version, &["additionalPrinterColumns"]);
    if declared.is_empty() {
        return (vec![Column::NAME, Column::AGE.date()], Arc::new(name_and_age));
    }
    // What comes after a path that cannot be understood is not shown.
    let declared: Vec<Declared> = declared.iter().map_while(Declared::read).collect();
    let columns = [Column::NAME].into_iter().chain(declared.iter().map(|declared| declared.column.clone())).collect();
    let cells = move |object: &Value, now| {
        let cells = declared.iter().map(|declared| declared.cell(object, now));
        [Value::from(meta::name(object))].into_iter().chain(cells).collect()
    };
    (columns, Arc::new(cells))
}

/// The fields of a version that selectors can name.
pub fn selectable_fields(version: &Value) -> Vec<SelectableField> {
    let paths = meta::items(version, &["selectableFields"]).iter().map(|field| meta::text(field, &["jsonPath"]));
    let field = |text: &str| {
        let path = JsonPath::parse(text)?;
        let value = move |object: &Value| match path.first(object) {
            None | Some(Value::Null) => String::new(),
            Some(value) => go_print(value),
        };
        Some(SelectableField::new(text.trim_start_matches('.').to_owned(), value))
    };
    paths.filter_map(field).collect()
}

/// A column that the definition declares.
struct Declared {
    column: Column,
    path: JsonPath,
}

impl Declared {
    fn read(column: &Value) -> Option<Self> {
        let text = |name| meta::text(column, &[name]);
        let path = text("jsonPath");
        let doc = match text("description") {
            "" => format!("Custom resource definition column (in JSONPath format): {path}"),
            given => given.to_owned(),
        };
        let priority = column.get("priority").and_then(Value::as_i64).unwrap_or_default();
        let column = Column {
            name: text("name").to_owned().into(),
            kind: text("type").to_owned().into(),
            format: text("format").to_owned().into(),
            doc: Doc::Text(doc.into()),
            priority: i32::try_from(priority).unwrap_or_default(),
        };
        Some(Self { column, path: JsonPath::parse(path)? })
    }

    /// A value of another type than the column's is not shown; a text shows anything.
    fn cell(&self, object: &Value, now: Moment) -> Value {
        let Some(value) = self.path.first(object) else { return Value::Null };
        match (&*self.column.kind, value) {
            ("string", Value::Null) => "<no value>".into(),
            ("string", Value::Array(_) | Value::Object(_)) => value.to_string().into(),
            ("string", value) => go_print(value).into(),
            ("integer", Value::Number(number)) => match number.as_i64() {
                Some(whole) => whole.into(),
                None => number.as_f64().map_or(Value::Null, |float| (float as i64).into()),
            },
            ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => value.clone(),
            ("date", Value::String(time)) => since(time, now).into(),
            _ => Value::Null,
        }
    }
}

fn since(time: &str, now: Moment) -> String {
    if time.is_empty() {
        return "<unknown>".to_owned();
    }
    let then = time.parse::<Timestamp>();
    then.map_or_else(|_| "<invalid>".to_owned(), |then| human_duration(now.as_second() - then.as_second()))
}
