//! ConfigMap: named configuration data.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use crate::kinds::{Check, Column, Doc, Kind, KindDef, Moment, Strategy, model::strategy::age, rules::check, texts};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("", "v1", "ConfigMap"),
        plural: "configmaps".into(),
        singular: "configmap".into(),
        short_names: texts(["cm"]),
        schema: "api.core.v1.ConfigMap".into(),
        columns: vec![Column::NAME, Column::new("Data", Doc::Field("api.core.v1.ConfigMap", "data")), Column::AGE],
        cells: Arc::new(cells),
        strategy: Arc::new(ConfigMap),
        ..KindDef::default()
    })
});

/// How many bytes of data a ConfigMap or a Secret may hold.
pub const MAX_DATA: usize = 1024 * 1024;

/// What is wrong with an update of an object whose `immutable` is set: these members may not change.
pub fn immutable_errors(object: &Value, old: &Value, members: &[&str]) -> FieldErrors {
    let detail = "field is immutable when `immutable` is set";
    let mut errors = FieldErrors::new();
    if !check::boolean(old, "immutable") {
        return errors;
    }
    if !check::boolean(object, "immutable") {
        errors.push(FieldError::forbidden(&Path::new("immutable"), detail));
    }
    for member in members.iter().filter(|member| object.get(*member) != old.get(*member)) {
        errors.push(FieldError::forbidden(&Path::new(member), detail));
    }
    errors
}

/// The number of bytes that a base64 text stands for.
pub fn decoded_len(base64: &str) -> usize {
    base64.len() / 4 * 3 - base64.bytes().rev().take_while(|b| *b == b'=').count().min(2)
}

struct ConfigMap;

impl Strategy for ConfigMap {
    fn validate(&self, object: &Value) -> FieldErrors {
        let mut errors = FieldErrors::new();
        let mut size = 0;
        for (member, length) in [("data", str::len as fn(&str) -> usize), ("binaryData", decoded_len)] {
            for (key, value) in meta::map(object, &[member]).into_iter().flatten() {
                let path = Path::new(member).key(key);
                errors.extend(check::rule(&path, key, names::config_key));
                if member == "data" && meta::at(object, &["binaryData", key]).is_some() {
                    let detail = "duplicate of key present in binaryData";
                    errors.push(FieldError::invalid(&path, key.as_str(), detail));
                }
                size += length(value.as_str().unwrap_or_default());
            }
        }
        if size > MAX_DATA {
            errors.push(FieldError::too_long(&Path::new("[]"), MAX_DATA));
        }
        errors
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::MetadataChange, Check::Change, Check::Metadata, Check::Object]
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        immutable_errors(object, old, &["data", "binaryData"])
    }
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let count = |member: &str| meta::map(object, &[member]).map_or(0, |map| map.len());
    vec![meta::name(object).into(), (count("data") + count("binaryData")).into(), age(object, now).into()]
}
