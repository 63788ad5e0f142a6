//! What holds beyond the keywords of a schema: embedded resources have kinds and valid metadata, and the items of sets
//! and maps stand only once.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::node::{ListRule, Node};
use crate::{
    object::{FieldError, FieldErrors, Path},
    schema::ListKind,
    text::go_json,
};

/// What is wrong with the resources that are embedded in an object.
pub fn embedded(node: &Node, object: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    walk(node, object, &Path::default(), &mut |node, value, path| {
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

fn resource(members: &Map<String, Value>, path: &Path, errors: &mut FieldErrors) {
    for name in ["apiVersion", "kind"] {
        if !members.contains_key(name) {
            errors.push(FieldError::required(&path.child(name), ""));
        }
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
