//! Keywords that are not supported, and combinations of keywords that contradict one another.

use std::rc::Rc;

use serde_json::Value;

use super::{
    lists, rules,
    walk::{Walk, flag, has_values, named, schema, schemas, text},
};
use crate::object::{FieldErrors, Path};

/// The types that a value may have.
const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// What is refused.
pub fn errors(of: &Value, path: &Path) -> FieldErrors {
    let mut walk = Walk::new(path);
    keywords(&mut walk, of, &Context { is_root: true, ..Context::default() });
    walk.errors
}

/// What holds for a schema because of those around it.
#[derive(Clone, Default)]
struct Context {
    /// It is the schema of the whole object.
    is_root: bool,
    /// Why it must not have defaults.
    no_defaults: Option<Rc<str>>,
    /// It describes kind, version or metadata of a resource.
    in_metadata: bool,
}

/// Checks a schema, and those in it.
fn keywords(walk: &mut Walk, of: &Value, context: &Context) {
    standard(walk, of, context);
    if flag(of, "uniqueItems") {
        let why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        walk.forbidden("uniqueItems", why);
    }
    let within = Context { is_root: false, ..context.clone() };
    values(walk, of, &within);
    properties(walk, of, context);
    if let Some(not) = schema(of, "not") {
        walk.below(".not", |walk| keywords(walk, not, &within));
    }
    for name in ["allOf", "oneOf", "anyOf"] {
        for (index, found) in schemas(of, name).iter().enumerate() {
            walk.below(&format!(".{name}[{index}]"), |walk| keywords(walk, found, &within));
        }
    }
    for (name, found) in named(of, "definitions") {
        walk.below(&format!(".definitions[{name}]"), |walk| keywords(walk, found, &within));
    }
    items(walk, of, &within);
    for (name, found) in named(of, "dependencies") {
        if found.is_object() {
            walk.below(&format!(".dependencies[{name}]"), |walk| keywords(walk, found, &within));
        }
    }
    if of.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(false)) {
        walk.invalid("x-kubernetes-preserve-unknown-fields", false, "must be true or undefined");
    }
    lists::errors(walk, of);
    rules::errors(walk, of);
}

/// Keywords that are refused wherever they stand.
fn standard(walk: &mut Walk, of: &Value, context: &Context) {
    let declared = text(of, "type");
    if !declared.is_empty() && !TYPES.contains(&declared) {
        walk.unsupported("type", declared, &TYPES);
    }
    if let (Some(why), true) = (&context.no_defaults, of.get("default").is_some_and(|default| !default.is_null())) {
        walk.forbidden("default", &format!("must not be set {why}"));
    }
    for name in ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] {
        let is_set = match of.get(name) {
            Some(Value::Null) | None => false,
            Some(Value::Object(members)) if name != "dependencies" && name != "additionalItems" => !members.is_empty(),
            Some(Value::String(text)) if name == "id" => !text.is_empty(),
            Some(_) => true,
        };
        if is_set {
            walk.forbidden(name, &format!("{name} is not supported"));
        }
    }
    if declared == "null" {
        walk.forbidden("type", "type cannot be set to null, use nullable as an alternative");
    }
    if !schemas(of, "items").is_empty() {
        walk.forbidden("items", "items must be a schema object and not an array");
    }
    if context.in_metadata && flag(of, "x-kubernetes-embedded-resource") {
        walk.forbidden("x-kubernetes-embedded-resource", "must not be used inside of resource meta");
    }
}

fn values(walk: &mut Walk, of: &Value, within: &Context) {
    if has_values(of) && !named(of, "properties").is_empty() && of["additionalProperties"] != Value::Bool(true) {
        walk.forbidden("additionalProperties", "additionalProperties and properties are mutual exclusive");
    }
    let Some(found) = schema(of, "additionalProperties") else { return };
    let mut within = within.clone();
    if within.in_metadata {
        within.no_defaults = Some("inside additionalProperties applying to object metadata".into());
    }
    walk.below(".additionalProperties", |walk| keywords(walk, found, &within));
}

fn properties(walk: &mut Walk, of: &Value, context: &Context) {
    let is_resource = context.is_root || flag(of, "x-kubernetes-embedded-resource");
    let within = Context { is_root: false, ..context.clone() };
    for (name, property) in named(of, "properties") {
        let mut within = within.clone();
        if is_resource && ["metadata", "kind", "apiVersion"].contains(&&**name) {
            within.in_metadata = true;
            if context.is_root {
                within.no_defaults = Some(format!("in top-level {name}").into());
            }
        }
        walk.below(&format!(".properties[{name}]"), |walk| keywords(walk, property, &within));
    }
}

fn items(walk: &mut Walk, of: &Value, within: &Context) {
    if let Some(found) = schema(of, "items") {
        walk.below(".items", |walk| keywords(walk, found, within));
    }
    for (index, found) in schemas(of, "items").iter().enumerate() {
        walk.below(&format!(".items[{index}]"), |walk| keywords(walk, found, within));
    }
}
