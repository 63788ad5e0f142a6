//! Schemas in `allOf`, `anyOf`, `oneOf` and `not`: they restrict values, and declare nothing.

use serde_json::Value;

use super::walk::{Walk, flag, has_values, named, schema, schemas, text};
use crate::structural::pattern::check;

/// Checks the alternatives of a schema, and its pattern. Those of int-or-string may be typed: its own, and those of the
/// first schema in `allOf`.
pub fn alternatives(walk: &mut Walk, of: &Value, own_typed: bool, first_typed: bool) {
    for name in ["anyOf", "allOf", "oneOf"] {
        if name == "anyOf" && own_typed {
            continue;
        }
        for (index, found) in schemas(of, name).iter().enumerate() {
            let is_typed = name == "allOf" && index == 0 && first_typed;
            walk.below(&format!(".{name}[{index}]"), |walk| restriction(walk, found, is_typed));
        }
    }
    if let Some(not) = schema(of, "not") {
        walk.below(".not", |walk| restriction(walk, not, false));
    }
    let pattern = text(of, "pattern");
    if let Err(why) = check(pattern) {
        let why = format!("must be a valid regular expression, but isn't: error parsing regexp: {why}");
        walk.invalid("pattern", pattern, &why);
    }
}

/// Checks a schema that only restricts values.
fn restriction(walk: &mut Walk, of: &Value, is_typed: bool) {
    alternatives(walk, of, is_typed, false);
    if let Some(items) = schema(of, "items") {
        walk.below(".items", |walk| restriction(walk, items, false));
    }
    for (name, property) in named(of, "properties") {
        walk.below(&format!(".properties[{name}]"), |walk| restriction(walk, property, false));
        if name == "metadata" {
            walk.forbidden("properties[metadata]", "must not be specified in a nested context");
        }
    }
    if has_values(of) && of.get("additionalProperties") != Some(&Value::Bool(false)) {
        walk.forbidden("additionalProperties", "must be undefined to be structural");
    }
    for name in ["type", "title", "description"] {
        if !text(of, name).is_empty() {
            walk.forbidden(name, "must be empty to be structural");
        }
    }
    for name in ["x-kubernetes-list-map-keys", "x-kubernetes-validations"] {
        if !schemas(of, name).is_empty() {
            walk.forbidden(name, "must be empty to be structural");
        }
    }
    let flags = [
        "nullable",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
    ];
    for name in flags {
        if flag(of, name) {
            walk.forbidden(name, "must be false to be structural");
        }
    }
    for name in ["default", "x-kubernetes-list-type", "x-kubernetes-map-type"] {
        if of.get(name).is_some_and(|value| !value.is_null()) {
            walk.forbidden(name, "must be undefined to be structural");
        }
    }
}
