//! What holds beyond the keywords of a schema: embedded resources have kinds and valid metadata, and the items of sets
//! and maps stand only once.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::node::{ListRule, Node};
use crate::{
    object::{FieldError, FieldErrors, Path, meta, names},
    schema::ListKind,
    text::go_json,
};

/// What is wrong with the resources that are embedded in a value; `path` is where it is.
pub fn embedded(node: &Node, value: &Value, path: &Path) -> FieldErrors {
    let mut errors = FieldErrors::new();
    walk(node, value, path, &mut |node, value, path| {
        if let (true, Value::Object(members)) = (node.embedded, value) {
            resource(members, path, &mut errors);
        }
    });
    errors
}

/// Items that stand twice in lists that are sets or maps.
pub fn duplicates(node: &Node, object: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    walk(node, object, &Path::default(), &mut |node, value, path| {
        if let (Some(rule), Value::Array(items)) = (&node.list, value) {
            repeated(rule, items, path, &mut errors);
        }
    });
    errors
}

/// Visits a value, and all that it holds, with what the schema says about each.
fn walk(node: &Node, value: &Value, path: &Path, visit: &mut impl FnMut(&Node, &Value, &Path)) {
    visit(node, value, path);
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if let Some(property) = node.property(name) {
                    walk(property, value, &path.child(name), visit);
                } else if let Some(values) = &node.values {
                    walk(values, value, &path.key(name), visit);
                }
            }
        }
        Value::Array(items) => {
            let Some(node) = &node.items else { return };
            for (index, item) in items.iter().enumerate() {
                walk(node, item, &path.index(index), visit);
            }
        }
        _ => {}
    }
}

/// Embedded resources state their kind and version, and have the metadata of any object.
fn resource(members: &Map<String, Value>, path: &Path, errors: &mut FieldErrors) {
    for name in ["apiVersion", "kind"] {
        if !members.contains_key(name) {
            errors.push(FieldError::required(&path.child(name), ""));
        }
    }
    for (name, value) in members {
        let problem = match (&**name, value) {
            ("apiVersion" | "kind", Value::String(text)) if text.is_empty() => "must not be empty".to_owned(),
            ("apiVersion", Value::String(text)) if text.matches('/').count() > 1 => {
                format!("unexpected GroupVersion string: {text}")
            }
            ("kind", Value::String(text)) => {
                let problems = names::dns1035_label(&text.to_lowercase());
                if problems.is_empty() {
                    continue;
                }
                format!("may have mixed case, but should otherwise match: {}", problems.join(","))
            }
            ("apiVersion", Value::String(_)) => continue,
            ("apiVersion" | "kind", _) => "must be a string".to_owned(),
            ("metadata", metadata) => {
                metadata_errors(metadata, &path.child("metadata"), errors);
                continue;
            }
            _ => continue,
        };
        errors.push(FieldError::invalid(&path.child(name), value.clone(), &problem));
    }
}

fn metadata_errors(metadata: &Value, path: &Path, errors: &mut FieldErrors) {
    let mut check = |name: &str, text: &str, problems: Vec<String>| {
        errors.extend(problems.iter().map(|problem| FieldError::invalid(&path.child(name), text, problem)));
    };
    let (name, prefix) = (meta::text(metadata, &["name"]), meta::text(metadata, &["generateName"]));
    check("generateName", prefix, names::path_segment_prefix(prefix));
    check("name", name, names::path_segment(name));
    let namespace = meta::text(metadata, &["namespace"]);
    if !namespace.is_empty() {
        check("namespace", namespace, names::dns1123_label(namespace));
    }
    for (key, value) in meta::map(metadata, &["labels"]).into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        check("labels", key, names::qualified_name(key));
        check("labels", value, names::label_value(value));
    }
    for key in meta::map(metadata, &["annotations"]).into_iter().flatten().map(|(key, _)| key) {
        check("annotations", key, names::qualified_name(&key.to_lowercase()));
    }
    for finalizer in meta::items(metadata, &["finalizers"]).iter().filter_map(Value::as_str) {
        check("finalizers", finalizer, names::qualified_name(finalizer));
    }
}

fn repeated(rule: &ListRule, items: &[Value], path: &Path, errors: &mut FieldErrors) {
    if rule.kind == ListKind::Map
        && let Some((index, item)) = items.iter().enumerate().find(|(_, item)| !item.is_object() && !item.is_null())
    {
        let text = "must be an object for an array of list-type map";
        return errors.push(FieldError::invalid(&path.index(index), item.clone(), text));
    }
    let mut times: HashMap<String, usize> = HashMap::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let key = match rule.kind {
            ListKind::Map => {
                rule.keys.iter().filter_map(|key| Some((key.to_string(), item.get(&**key)?.clone()))).collect()
            }
            _ => item.clone(),
        };
        let times = times.entry(shown(&key)).or_default();
        *times += 1;
        if *times == 2 {
            errors.push(FieldError::duplicate(&path.index(index), key));
        }
    }
}

/// A value's text, in which an integer differs from a float of the same value.
fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        other => go_json(other),
    }
}
