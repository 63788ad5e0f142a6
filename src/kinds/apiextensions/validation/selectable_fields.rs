//! The fields of a version that selectors can name.

use std::collections::HashSet;

use serde_json::Value;

use super::field_path::{self, Place};
use crate::object::{FieldError, FieldErrors, Path, meta};

/// How many fields a version may have.
const FIELDS_MAX: usize = 8;

/// What is wrong with a list of fields.
pub fn errors(fields: Option<&Value>, schema: Option<&Value>, path: &Path) -> FieldErrors {
    let Some(fields) = fields.and_then(Value::as_array).filter(|fields| !fields.is_empty()) else {
        return FieldErrors::new();
    };
    let Some(schema) = schema else {
        return vec![FieldError::invalid(path, "", "may only be set when `schema` is also set")];
    };
    let mut errors = FieldErrors::new();
    let mut known = HashSet::new();
    for (index, field) in fields.iter().enumerate() {
        let (path, json_path) = (path.index(index).child("jsonPath"), meta::text(field, &["jsonPath"]));
        if json_path.is_empty() {
            errors.push(FieldError::required(&path, ""));
            continue;
        }
        let Place { names, schema } = match field_path::find(json_path, schema) {
            Ok(place) => place,
            Err(why) => {
                errors.push(FieldError::invalid(&path, json_path, &format!("is an invalid path: {why}")));
                continue;
            }
        };
        if names.first().is_some_and(|root| root == "metadata") {
            errors.push(FieldError::invalid(&path, json_path, "must not point to fields in metadata"));
        }
        if !["string", "boolean", "integer"].contains(&meta::text(schema, &["type"])) {
            let detail = "must point to a field of type string, boolean or integer. Enum string fields and strings \
                          with formats are allowed.";
            errors.push(FieldError::invalid(&path, json_path, detail));
        }
        let name = names.join(".");
        if known.contains(&name) {
            errors.push(FieldError::duplicate(&path, name));
        } else {
            known.insert(name);
        }
    }
    if known.len() > FIELDS_MAX {
        errors.push(FieldError::too_many(path, known.len(), FIELDS_MAX));
    }
    errors
}
