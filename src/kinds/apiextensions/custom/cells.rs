//! What tables show of instances, and which fields selectors can name.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    kinds::{Column, SelectableField, model::def::Cells, model::strategy::name_and_age},
    object::meta,
};

/// The columns of a version, and how their cells are made.
pub fn of(_version: &Value) -> (Vec<Column>, Cells) {
    (vec![Column::NAME, Column::AGE.date()], Arc::new(name_and_age))
}

/// The fields of a version that selectors can name.
pub fn selectable_fields(version: &Value) -> Vec<SelectableField> {
    let paths = meta::items(version, &["selectableFields"]).iter().map(|field| meta::text(field, &["jsonPath"]));
    let field = |path: &str| {
        let names: Vec<String> = path.trim_start_matches('.').split('.').map(str::to_owned).collect();
        let label = names.join(".");
        SelectableField::new(label, move |object| {
            let at = names.iter().try_fold(object, |at, name| at.get(name));
            match at {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Null) | None => String::new(),
                Some(other) => other.to_string(),
            }
        })
    };
    paths.map(field).collect()
}
