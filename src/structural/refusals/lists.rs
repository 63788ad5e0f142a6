//! How lists and maps are merged: their types, and the keys of items.

use std::collections::HashSet;

use serde_json::Value;

use super::walk::{Walk, flag, schema, schemas, text, texts};

const MAP_TYPE: &str = "x-kubernetes-map-type";
const LIST_TYPE: &str = "x-kubernetes-list-type";
const KEYS: &str = "x-kubernetes-list-map-keys";

/// Checks what a schema says about merging.
pub fn errors(walk: &mut Walk, of: &Value) {
    let is_known = |name: &str| of.get(name).is_some_and(Value::is_string);
    if is_known(MAP_TYPE) {
        needs_type(walk, of, "object", MAP_TYPE);
        if !["atomic", "granular"].contains(&text(of, MAP_TYPE)) {
            walk.unsupported(MAP_TYPE, text(of, MAP_TYPE), &["atomic", "granular"]);
        }
    }
    let list_type = is_known(LIST_TYPE).then(|| text(of, LIST_TYPE));
    if let Some(found) = list_type {
        if text(of, "type") != "array" {
            needs_type(walk, of, "array", LIST_TYPE);
        } else if let (Some(items), "set") = (schema(of, "items"), found) {
            set_items(walk, items);
        }
        if !["atomic", "set", "map"].contains(&found) {
            walk.unsupported(LIST_TYPE, found, &["atomic", "set", "map"]);
        }
    }
    if !schemas(of, KEYS).is_empty() {
        let why = "must be map if x-kubernetes-list-map-keys is non-empty";
        match list_type {
            None => walk.required(LIST_TYPE, why),
            Some("map") => {}
            Some(other) => walk.invalid(LIST_TYPE, other, why),
        }
    }
    if list_type == Some("map") {
        map(walk, of);
    }
    if let (Some(found @ ("set" | "map")), Some(items)) = (list_type, schema(of, "items")) {
        unambiguous(walk, of, items, found);
    }
}

fn needs_type(walk: &mut Walk, of: &Value, wanted: &str, because_of: &str) {
    let why = format!("must be {wanted} if {because_of} is specified");
    match text(of, "type") {
        "" => walk.required("type", &why),
        found if found == wanted => {}
        found => walk.invalid("type", found, &why),
    }
}

/// The items of a set are compared as a whole.
fn set_items(walk: &mut Walk, items: &Value) {
    let why = "must be atomic as item of a list with x-kubernetes-list-type=set";
    let list_type = items.get(LIST_TYPE).filter(|found| !found.is_null());
    match text(items, "type") {
        "array" if list_type.is_some_and(|found| found != "atomic") => {
            walk.invalid("items.x-kubernetes-list-type", text(items, LIST_TYPE), why);
        }
        // The value that is shown is that of the other keyword.
        "object" if text(items, MAP_TYPE) != "atomic" => {
            walk.invalid("items.x-kubernetes-map-type", list_type.cloned().unwrap_or_default(), why);
        }
        _ => {}
    }
}

/// The items of a map are objects with keys.
fn map(walk: &mut Walk, of: &Value) {
    if schemas(of, KEYS).is_empty() {
        walk.required(KEYS, "must not be empty if x-kubernetes-list-type is map");
    }
    let Some(items) = schema(of, "items") else {
        if schemas(of, "items").is_empty() {
            walk.required("items", "must have a schema if x-kubernetes-list-type is map");
        } else {
            let shown = super::shown::items(&of["items"]);
            walk.invalid("items", shown, "must only have a single schema if x-kubernetes-list-type is map");
        }
        return;
    };
    if text(items, "type") != "object" {
        let why = "must be object if parent array's x-kubernetes-list-type is map";
        return walk.invalid("items.type", text(items, "type"), why);
    }
    let mut known = HashSet::new();
    for key in texts(of, KEYS) {
        match items.get("properties").and_then(|properties| properties.get(key)) {
            Some(property) if ["array", "object"].contains(&text(property, "type")) => {
                let why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                walk.invalid(&format!("items.properties[{key}].type"), text(items, "type"), why);
            }
            Some(_) => {}
            None => walk.invalid(KEYS, of[KEYS].clone(), "entries must all be names of item properties"),
        }
        if !known.insert(key) {
            walk.invalid(KEYS, of[KEYS].clone(), "must not contain duplicate entries");
        }
    }
}

/// Items and their keys are never null, and each item has all keys.
fn unambiguous(walk: &mut Walk, of: &Value, items: &Value, list_type: &str) {
    if flag(items, "nullable") {
        walk.forbidden("items.nullable", &format!("cannot be nullable when x-kubernetes-list-type is {list_type}"));
    }
    if list_type == "set" {
        return;
    }
    let required: HashSet<&str> = texts(items, "required").collect();
    for key in texts(of, KEYS) {
        let Some(property) = items.get("properties").and_then(|properties| properties.get(key)) else { continue };
        let has_default = property.get("default").is_some_and(|default| !default.is_null());
        if !required.contains(key) && !has_default {
            let why = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required \
                       property";
            walk.required(&format!("items.properties[{key}].default"), why);
        }
        if flag(property, "nullable") {
            let why = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            walk.forbidden(&format!("items.properties[{key}].nullable"), why);
        }
    }
}
