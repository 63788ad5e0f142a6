//! What makes a schema structural: each value has a type, and alternatives only restrict what is declared.

use serde_json::{Value, json};

use super::{
    nested,
    walk::{Walk, flag, has_values, named, schema, schemas, text},
};
use crate::object::{FieldError, FieldErrors, Path};

/// Where in an object the value of a schema is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// What is not structural, sorted by path.
pub fn errors(of: &Value, path: &Path) -> FieldErrors {
    let mut walk = Walk::new(path);
    walk.shape(of, Level::Root);
    walk.errors.sort_by_cached_key(ToString::to_string);
    walk.errors
}

const PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";
const EMBEDDED: &str = "x-kubernetes-embedded-resource";
const INT_OR_STRING: &str = "x-kubernetes-int-or-string";

impl Walk {
    fn shape(&mut self, of: &Value, level: Level) {
        match schema(of, "items") {
            Some(items) => self.below(".items", |walk| walk.shape(items, Level::Item)),
            None if text(of, "type") == "array" => self.required("items", "must be specified"),
            None => {}
        }
        for (name, property) in named(of, "properties") {
            self.below(&format!(".properties[{name}]"), |walk| walk.shape(property, Level::Field));
        }
        if level == Level::Root && has_values(of) {
            self.forbidden("additionalProperties", "must not be used at the root");
        }
        if let Some(values) = schema(of, "additionalProperties") {
            self.below(".additionalProperties", |walk| walk.shape(values, Level::Field));
        }
        for name in [PRESERVE, EMBEDDED] {
            if flag(of, INT_OR_STRING) && flag(of, name) {
                self.invalid(name, true, "must be false if x-kubernetes-int-or-string is true");
            }
        }
        let first = schemas(of, "allOf").first();
        nested::alternatives(self, of, is_int_or_string(of), first.is_some_and(is_int_or_string));
        self.declared_type(of, level);
        self.metadata(of, level);
        if flag(of, EMBEDDED) && !flag(of, PRESERVE) && named(of, "properties").is_empty() {
            let why = "must not be empty if x-kubernetes-embedded-resource is true without \
                       x-kubernetes-preserve-unknown-fields";
            self.required("properties", why);
        }
    }

    fn declared_type(&mut self, of: &Value, level: Level) {
        let declared = text(of, "type");
        if flag(of, EMBEDDED) && declared != "object" {
            let why = "must be object if x-kubernetes-embedded-resource is true";
            if declared.is_empty() {
                self.required("type", why);
            } else {
                self.invalid("type", declared, why);
            }
        } else if declared.is_empty() && !flag(of, INT_OR_STRING) && !flag(of, PRESERVE) {
            let place = match level {
                Level::Root => "at the root",
                Level::Item => "for specified array items",
                Level::Field => "for specified object fields",
            };
            self.required("type", &format!("must not be empty {place}"));
        }
        if flag(of, EMBEDDED) && has_values(of) {
            self.forbidden("additionalProperties", "must not be used if x-kubernetes-embedded-resource is set");
        }
        if level == Level::Root && !declared.is_empty() && declared != "object" {
            self.invalid("type", declared, "must be object at the root");
        }
    }

    /// What a resource says of its kind, version and metadata.
    fn metadata(&mut self, of: &Value, level: Level) {
        let property = |name: &str| of.get("properties").and_then(|properties| properties.get(name));
        let is_resource = level == Level::Root || flag(of, EMBEDDED);
        for name in ["kind", "apiVersion"] {
            let declared = property(name).filter(|_| is_resource).map(|property| text(property, "type"));
            if let Some(declared) = declared.filter(|declared| *declared != "string") {
                self.invalid(&format!("properties[{name}].type"), declared, "must be string");
            }
        }
        let Some(metadata) = property("metadata") else { return };
        if is_resource && text(metadata, "type") != "object" {
            self.invalid("properties[metadata].type", text(metadata, "type"), "must be object");
        }
        if level == Level::Root && !only_restricts_names(metadata) {
            let why =
                "must not specify anything other than name and generateName, but metadata is implicitly specified";
            self.errors.push(FieldError::forbidden(&self.at("properties[metadata]"), why));
        }
    }
}

/// Whether a schema of metadata says something of names at most.
fn only_restricts_names(metadata: &Value) -> bool {
    let Some(members) = metadata.as_object() else { return true };
    let is_known = members.keys().all(|name| ["type", "default", "properties"].contains(&&**name));
    is_known && named(metadata, "properties").iter().all(|(name, _)| ["name", "generateName"].contains(&&***name))
}

/// Whether the alternatives are an integer and a string, in this order.
fn is_int_or_string(of: &Value) -> bool {
    of.get("anyOf") == Some(&json!([{"type": "integer"}, {"type": "string"}]))
}
