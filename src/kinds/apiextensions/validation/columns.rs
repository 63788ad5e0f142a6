//! The columns that a version adds to tables.

use serde_json::Value;

use super::subresources::simple_path;
use crate::object::{FieldError, FieldErrors, Path, meta};

const TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const FORMATS: [&str; 8] = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

/// What is wrong with a list of columns.
pub fn errors(columns: Option<&Value>, path: &Path) -> FieldErrors {
    let columns = columns.and_then(Value::as_array).into_iter().flatten().enumerate();
    columns.flat_map(|(index, column)| column_errors(column, &path.index(index))).collect()
}

fn column_errors(column: &Value, path: &Path) -> FieldErrors {
    let text = |name| meta::text(column, &[name]);
    let mut errors = FieldErrors::new();
    if text("name").is_empty() {
        errors.push(FieldError::required(&path.child("name"), ""));
    }
    let must = |list: &[&str]| format!("must be one of {}", list.join(","));
    match text("type") {
        "" => errors.push(FieldError::required(&path.child("type"), &must(&TYPES))),
        known if TYPES.contains(&known) => {}
        other => errors.push(FieldError::invalid(&path.child("type"), other, &must(&TYPES))),
    }
    let format = text("format");
    if !format.is_empty() && !FORMATS.contains(&format) {
        errors.push(FieldError::invalid(&path.child("format"), format, &must(&FORMATS)));
    }
    let path = path.child("JSONPath");
    match text("jsonPath") {
        "" => errors.push(FieldError::required(&path, "")),
        json_path => errors.extend(simple_path(json_path, &path)),
    }
    errors
}
