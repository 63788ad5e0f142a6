//! Messages as JSON schemas.

use serde_json::{Map, Value, json};

use super::{Dialect, KindSummary};
use crate::schema::{Field, Form, ListType, Message, Type, description, message};

/// The body of a delete.
pub const DELETE_OPTIONS: &str = "apimachinery.pkg.apis.meta.v1.DeleteOptions";
/// The answer of a delete.
pub const STATUS: &str = "apimachinery.pkg.apis.meta.v1.Status";
/// The body of a patch.
pub const PATCH: &str = "apimachinery.pkg.apis.meta.v1.Patch";
/// The answer of a group version's root.
pub const RESOURCES: &str = "apimachinery.pkg.apis.meta.v1.APIResourceList";

/// The schemas of all messages that the kinds' paths use.
pub fn schemas(kinds: &[&KindSummary], dialect: Dialect) -> Map<String, Value> {
    let mut found = Map::new();
    let shared = [DELETE_OPTIONS, STATUS, PATCH, RESOURCES].into_iter().filter_map(message);
    let own = kinds.iter().flat_map(|kind| {
        let subresources = kind.subresources.iter().filter_map(|sub| sub.message);
        kind.message.into_iter().chain(kind.message.and_then(list_of)).chain(subresources)
    });
    for message in shared.chain(own) {
        add(&mut found, message, dialect);
    }
    found.sort_keys();
    found
}

/// The list of a kind's objects.
pub fn list_of(item: &'static Message) -> Option<&'static Message> {
    message(&format!("{}List", item.name))
}

/// A reference to a message's schema.
pub fn reference(message: &Message, dialect: Dialect) -> Value {
    let place = match dialect {
        Dialect::V2 => "#/definitions",
        Dialect::V3 => "#/components/schemas",
    };
    json!({"$ref": format!("{place}/{}", component(message))})
}

fn component(message: &Message) -> String {
    format!("io.k8s.{}", message.name)
}

fn add(found: &mut Map<String, Value>, message: &'static Message, dialect: Dialect) {
    let name = component(message);
    if message.form == Form::Strings || found.contains_key(&name) {
        return;
    }
    found.insert(name, schema(message, dialect));
    if message.form == Form::Object {
        for used in message.fields.iter().filter_map(Field::message) {
            add(found, used, dialect);
        }
    }
}

fn schema(message: &'static Message, dialect: Dialect) -> Value {
    let mut schema = Map::new();
    if let Some(text) = description(message.name, None) {
        schema.insert("description".into(), text.into());
    }
    match message.form {
        Form::Object => object(&mut schema, message, dialect),
        Form::Time | Form::MicroTime => extend(&mut schema, json!({"type": "string", "format": "date-time"})),
        Form::Duration => extend(&mut schema, json!({"type": "string"})),
        Form::Quantity => extend(
            &mut schema,
            match dialect {
                Dialect::V2 => json!({"type": "string"}),
                Dialect::V3 => json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
            },
        ),
        Form::IntOrString => extend(
            &mut schema,
            match dialect {
                Dialect::V2 => json!({"type": "string", "format": "int-or-string"}),
                Dialect::V3 => json!({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}),
            },
        ),
        Form::Any if message.name.contains(".apiextensions.") => {}
        Form::Any => extend(&mut schema, json!({"type": "object"})),
        Form::Strings => extend(&mut schema, strings()),
    }
    schema.into()
}

fn object(schema: &mut Map<String, Value>, message: &'static Message, dialect: Dialect) {
    schema.insert("type".into(), "object".into());
    if !message.required.is_empty() {
        schema.insert("required".into(), json!(message.required));
    }
    let mut properties: Map<String, Value> =
        message.fields.iter().map(|field| (field.name.to_owned(), property(message, field, dialect))).collect();
    properties.sort_keys();
    if !properties.is_empty() {
        schema.insert("properties".into(), properties.into());
    }
    if !message.gvks.is_empty() {
        let gvks: Vec<Value> = message
            .gvks
            .iter()
            .map(|gvk| json!({"group": gvk.group, "kind": gvk.kind, "version": gvk.version}))
            .collect();
        schema.insert("x-kubernetes-group-version-kind".into(), gvks.into());
    }
    if message.atomic {
        schema.insert("x-kubernetes-map-type".into(), "atomic".into());
    }
    if !message.unions.is_empty() {
        let unions = message.unions.iter().map(|union| {
            let fields: Map<String, Value> = union.fields.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
            let mut shown = Map::new();
            if let Some(discriminator) = union.discriminator {
                shown.insert("discriminator".into(), discriminator.into());
            }
            shown.insert("fields-to-discriminateBy".into(), fields.into());
            Value::Object(shown)
        });
        schema.insert("x-kubernetes-unions".into(), unions.collect());
    }
}

fn property(message: &Message, field: &'static Field, dialect: Dialect) -> Value {
    let mut property = Map::new();
    if let Some(text) = description(message.name, Some(field.name)) {
        property.insert("description".into(), text.into());
    }
    if field.list {
        property.insert("type".into(), "array".into());
        property.insert("items".into(), item(field, field.item_format, dialect));
    } else if field.map {
        property.insert("type".into(), "object".into());
        property.insert("additionalProperties".into(), item(field, field.format, dialect));
    } else {
        single(&mut property, field, dialect);
    }
    if let Some(default) = &field.default {
        property.insert("default".into(), default.clone());
    }
    if !field.enumeration.is_empty() {
        property.insert("enum".into(), json!(field.enumeration));
    }
    merging(&mut property, field);
    property.into()
}

fn single(property: &mut Map<String, Value>, field: &'static Field, dialect: Dialect) {
    match field.message() {
        Some(message) if message.form == Form::Strings => extend(property, strings()),
        Some(message) if dialect == Dialect::V2 => extend(property, reference(message, dialect)),
        Some(message) => {
            property.insert("allOf".into(), json!([reference(message, dialect)]));
            if !field.ptr && message.form == Form::Object {
                property.insert("default".into(), json!({}));
            }
        }
        None => {
            extend(property, scalar(&field.ty, field.format));
            if field.always && !field.ptr {
                property.insert("default".into(), zero(&field.ty));
            }
        }
    }
}

/// The schema of a list's items or of a map's values.
fn item(field: &'static Field, format: Option<&str>, dialect: Dialect) -> Value {
    match field.message() {
        Some(message) if message.form == Form::Strings => strings(),
        Some(message) if dialect == Dialect::V2 => reference(message, dialect),
        Some(message) if message.form == Form::Object => json!({"allOf": [reference(message, dialect)], "default": {}}),
        Some(message) => reference(message, dialect),
        None => {
            let mut schema = scalar(&field.ty, format);
            if dialect == Dialect::V3 && !matches!(field.ty, Type::Bytes) {
                schema["default"] = zero(&field.ty);
            }
            schema
        }
    }
}

fn scalar(ty: &Type, format: Option<&str>) -> Value {
    let name = match ty {
        Type::String | Type::Bytes | Type::Message(_) => "string",
        Type::Bool => "boolean",
        Type::Int32 | Type::Int64 => "integer",
        Type::Double => "number",
    };
    let implied = if matches!(ty, Type::Bytes) { Some("byte") } else { None };
    match format.or(implied) {
        Some(format) => json!({"type": name, "format": format}),
        None => json!({"type": name}),
    }
}

fn zero(ty: &Type) -> Value {
    match ty {
        Type::Bool => false.into(),
        Type::Int32 | Type::Int64 | Type::Double => 0.into(),
        Type::String | Type::Bytes | Type::Message(_) => "".into(),
    }
}

fn strings() -> Value {
    json!({"type": "array", "items": {"type": "string", "default": ""}})
}

/// How patches and server-side apply merge the field.
fn merging(property: &mut Map<String, Value>, field: &Field) {
    if let Some(list_type) = field.list_type {
        let name = match list_type {
            ListType::Atomic => "atomic",
            ListType::Set => "set",
            ListType::Map => "map",
        };
        property.insert("x-kubernetes-list-type".into(), name.into());
    }
    if !field.keys.is_empty() {
        property.insert("x-kubernetes-list-map-keys".into(), json!(field.keys));
    }
    if field.atomic {
        property.insert("x-kubernetes-map-type".into(), "atomic".into());
    }
    if let Some(key) = field.merge_key {
        property.insert("x-kubernetes-patch-merge-key".into(), key.into());
    }
    if let Some(strategy) = field.patch {
        property.insert("x-kubernetes-patch-strategy".into(), strategy.into());
    }
}

fn extend(schema: &mut Map<String, Value>, more: Value) {
    if let Value::Object(more) = more {
        schema.extend(more);
    }
}
