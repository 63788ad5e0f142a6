//! Types as JSON schemas.

use serde_json::{Map, Value, json};

use super::{
    Dialect, KindSummary,
    parts::{component, component_of, extend, kinds, merging, reference_to},
    structural,
};
use crate::schema::{Field, Form, ObjectRef, ObjectType, Text, Type, built_in, description};

/// The body of a delete.
pub const DELETE_OPTIONS: &str = "apimachinery.pkg.apis.meta.v1.DeleteOptions";
/// What a delete returns.
pub const STATUS: &str = "apimachinery.pkg.apis.meta.v1.Status";
/// The body of a patch.
pub const PATCH: &str = "apimachinery.pkg.apis.meta.v1.Patch";
/// What a group version's root returns.
pub const RESOURCES: &str = "apimachinery.pkg.apis.meta.v1.APIResourceList";

/// The schemas of all types that the kinds' paths use.
pub fn schemas(kinds: &[&KindSummary], dialect: Dialect) -> Map<String, Value> {
    let mut found = Map::new();
    for object in [DELETE_OPTIONS, STATUS, PATCH, RESOURCES].into_iter().filter_map(built_in) {
        add(&mut found, object, dialect);
    }
    for kind in kinds {
        let subresources = kind.subresources.iter().filter_map(|sub| sub.object.as_deref());
        let own = kind.object.as_deref().into_iter().chain(kind.list.as_deref());
        own.chain(subresources).for_each(|object| add(&mut found, object, dialect));
    }
    found.sort_keys();
    found
}

/// The list of a built-in kind's objects.
pub fn list_of(item: &ObjectType) -> Option<ObjectRef> {
    let name = format!("{}List", item.name);
    built_in(&name).map(|_| ObjectRef::built_in(name))
}

fn add(found: &mut Map<String, Value>, object: &ObjectType, dialect: Dialect) {
    let name = component(object);
    if found.contains_key(&name) {
        return;
    }
    let schema = if object.is_structural() { structural::object(object, dialect) } else { schema(object, dialect) };
    found.insert(name, schema);
    for field in object.fields() {
        add_used(found, &field.ty, dialect);
    }
}

/// Adds the definitions that a type refers to.
fn add_used(found: &mut Map<String, Value>, ty: &Type, dialect: Dialect) {
    match &ty.form {
        Form::List(list) => add_used(found, &list.items, dialect),
        Form::Map(values) => add_used(found, values, dialect),
        // The parts of a structural schema stand in it.
        Form::Object(object) if object.is_structural() && object.name.is_empty() => {
            object.fields().iter().for_each(|field| add_used(found, &field.ty, dialect));
        }
        Form::Object(object) => add(found, object, dialect),
        form => {
            let (Some(definition), Some(name)) = (ty.definition, component_of(ty)) else { return };
            found.entry(name).or_insert_with(|| without_fields(form, definition, dialect));
        }
    }
}

/// The definition of a type that is no object with known fields.
fn without_fields(form: &Form, definition: &str, dialect: Dialect) -> Value {
    let mut schema = Map::new();
    if let Some(text) = description(definition, None) {
        schema.insert("description".into(), text.into());
    }
    let form = match (form, dialect) {
        (Form::Time | Form::MicroTime, _) => json!({"type": "string", "format": "date-time"}),
        (Form::Duration, _) | (Form::Quantity, Dialect::V2) => json!({"type": "string"}),
        (Form::Quantity, Dialect::V3) => json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
        (Form::IntOrString, Dialect::V2) => json!({"type": "string", "format": "int-or-string"}),
        (Form::IntOrString, Dialect::V3) => {
            json!({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]})
        }
        _ if definition.contains(".apiextensions.") => json!({}),
        _ => json!({"type": "object"}),
    };
    extend(&mut schema, form);
    schema.into()
}

fn schema(object: &ObjectType, dialect: Dialect) -> Value {
    let mut schema = Map::new();
    if let Some(text) = description(&object.name, None) {
        schema.insert("description".into(), text.into());
    }
    schema.insert("type".into(), "object".into());
    if !object.required.is_empty() {
        schema.insert("required".into(), json!(object.required));
    }
    let fields = object.fields().iter();
    let mut properties: Map<String, Value> =
        fields.map(|field| (field.name.to_string(), property(object, field, dialect))).collect();
    properties.sort_keys();
    if !properties.is_empty() {
        schema.insert("properties".into(), properties.into());
    }
    if !object.gvks.is_empty() {
        schema.insert("x-kubernetes-group-version-kind".into(), kinds(object));
    }
    if object.atomic {
        schema.insert("x-kubernetes-map-type".into(), "atomic".into());
    }
    if !object.unions.is_empty() {
        let unions = object.unions.iter().map(|union| {
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
    schema.into()
}

fn property(object: &ObjectType, field: &Field, dialect: Dialect) -> Value {
    let (mut property, ty) = (Map::new(), &field.ty);
    if let Some(text) = description(&object.name, Some(&field.name)) {
        property.insert("description".into(), text.into());
    }
    match &ty.form {
        Form::List(list) if list.wrapped => extend(&mut property, strings(dialect)),
        Form::List(list) => {
            property.insert("type".into(), "array".into());
            property.insert("items".into(), item(&list.items, dialect));
        }
        Form::Map(values) => {
            property.insert("type".into(), "object".into());
            property.insert("additionalProperties".into(), item(values, dialect));
        }
        _ => single(&mut property, field, dialect),
    }
    if let (Some(default), Dialect::V3) = (&ty.default, dialect) {
        property.insert("default".into(), Value::clone(default));
    }
    if let Some(rules) = ty.rules.as_ref().filter(|rules| !rules.enumeration.is_empty()) {
        property.insert("enum".into(), json!(rules.enumeration));
    }
    merging(&mut property, ty);
    if let Some(key) = field.merge_key {
        property.insert("x-kubernetes-patch-merge-key".into(), key.into());
    }
    if let Some(strategy) = field.patch {
        property.insert("x-kubernetes-patch-strategy".into(), strategy.into());
    }
    property.into()
}

fn single(property: &mut Map<String, Value>, field: &Field, dialect: Dialect) {
    match component_of(&field.ty) {
        Some(component) if dialect == Dialect::V2 => extend(property, reference_to(&component, dialect)),
        Some(component) => {
            property.insert("allOf".into(), json!([reference_to(&component, dialect)]));
            if !field.ptr && field.ty.object().is_some() {
                property.insert("default".into(), json!({}));
            }
        }
        None => {
            extend(property, scalar(&field.ty));
            if field.always && !field.ptr && dialect == Dialect::V3 {
                property.insert("default".into(), zero(&field.ty));
            }
        }
    }
}

/// The schema of a list's items or of a map's values.
fn item(ty: &Type, dialect: Dialect) -> Value {
    match component_of(ty) {
        Some(component) if dialect == Dialect::V3 && ty.object().is_some() => {
            json!({"allOf": [reference_to(&component, dialect)], "default": {}})
        }
        Some(component) => reference_to(&component, dialect),
        None if ty.list().is_some() => strings(dialect),
        None => {
            let mut schema = scalar(ty);
            if dialect == Dialect::V3 && !matches!(ty.form, Form::Bytes) {
                schema["default"] = zero(ty);
            }
            schema
        }
    }
}

fn scalar(ty: &Type) -> Value {
    let name = match ty.form {
        Form::Bool => "boolean",
        Form::Int32 | Form::Int64 => "integer",
        Form::Double => "number",
        _ => "string",
    };
    let implied = matches!(ty.form, Form::Bytes).then(|| Text::from("byte"));
    match ty.format.clone().or(implied) {
        Some(format) => json!({"type": name, "format": format}),
        None => json!({"type": name}),
    }
}

fn zero(ty: &Type) -> Value {
    match ty.form {
        Form::Bool => false.into(),
        Form::Int32 | Form::Int64 | Form::Double => 0.into(),
        _ => "".into(),
    }
}

fn strings(dialect: Dialect) -> Value {
    match dialect {
        Dialect::V2 => json!({"type": "array", "items": {"type": "string"}}),
        Dialect::V3 => json!({"type": "array", "items": {"type": "string", "default": ""}}),
    }
}
