//! Builds types from the structural OpenAPI v3 schemas of custom resource definitions.
//!
//! Only what makes a schema useless is an error here; which schemas a definition may have is for its validation.

use serde_json::{Map, Number, Value};

use super::{Bound, Field, Form, List, ListKind, Model, Nested, ObjectRef, ObjectType, Range, Rules, Text, Type};
use crate::object::GroupVersionKind;

/// Why a schema describes no type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {why}")]
pub struct Unstructural {
    /// The place in the schema, e.g. `properties[spec].items`.
    pub path: String,
    /// What is wrong there.
    pub why: String,
}

type Result<T> = std::result::Result<T, Unstructural>;

/// The types of a custom kind.
#[derive(Clone, Debug)]
pub struct CustomKind {
    /// An object.
    pub object: ObjectRef,
    /// A list of objects.
    pub list: ObjectRef,
}

/// The name of the metadata of every object.
const OBJECT_META: &str = "apimachinery.pkg.apis.meta.v1.ObjectMeta";
/// The name of the metadata of every list.
const LIST_META: &str = "apimachinery.pkg.apis.meta.v1.ListMeta";

/// Keywords that are shown again and mean nothing to the server.
const SHOWN_ONLY: [&str; 2] = ["example", "externalDocs"];

/// Builds the type that a structural schema describes.
pub fn from_open_api(schema: &Value) -> Result<Type> {
    Builder::default().ty(schema)
}

/// Builds the types of a kind from the schema of its objects, which need not declare what all objects have. Without a
/// schema objects may hold anything.
pub fn custom_kind(gvk: &GroupVersionKind, list_kind: &GroupVersionKind, schema: Option<&Value>) -> Result<CustomKind> {
    let name = |kind: &str| -> Text {
        let group: Vec<&str> = gvk.group.rsplit('.').collect();
        format!("{}.{}.{kind}", group.join("."), gvk.version).into()
    };
    let mut builder = Builder::default();
    let mut object = match schema {
        Some(schema) => builder.object(builder.members(schema)?)?,
        None => ObjectType { model: Model::Structural, preserves_unknown: true, ..ObjectType::default() },
    };
    object = as_resource(object);
    object.name = name(&gvk.kind);
    object.gvks = vec![gvk.clone()];
    let object = ObjectRef::from(object);
    let items = Type::new(Form::Object(object.clone()));
    let list = List { items: items.into(), kind: None, keys: Vec::new(), wrapped: false };
    let fields = vec![
        Field::structural("apiVersion", Type::new(Form::String)),
        Field { always: true, ..Field::structural("items", Type::new(Form::List(list))) },
        Field::structural("kind", Type::new(Form::String)),
        Field::structural("metadata", Type::new(Form::Object(ObjectRef::built_in(LIST_META)))),
    ];
    let list = ObjectType {
        name: name(&list_kind.kind),
        model: Model::Structural,
        required: vec!["items".into()],
        gvks: vec![list_kind.clone()],
        ..ObjectType::default()
    };
    Ok(CustomKind { object, list: list.with_fields(fields).into() })
}

/// Adds the fields that every resource has. What the schema says of the metadata only restricts it.
fn as_resource(mut object: ObjectType) -> ObjectType {
    let mut metadata = Type::new(Form::Object(ObjectRef::built_in(OBJECT_META)));
    let mut fields = object.take_fields();
    if let Some(declared) = fields.iter().find(|field| field.name == "metadata") {
        metadata.rules = declared.ty.object().and_then(restrictions).map(Box::new);
    }
    fields.retain(|field| !["apiVersion", "kind", "metadata"].contains(&&*field.name));
    fields.extend(["apiVersion", "kind"].map(|name| Field::structural(name, Type::new(Form::String))));
    fields.push(Field::structural("metadata", metadata));
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    object.with_fields(fields)
}

/// What a schema of metadata says of its members.
fn restrictions(metadata: &ObjectType) -> Option<Rules> {
    let restricted = metadata.fields().iter().map(|field| {
        let rules = field.ty.rules.as_deref().cloned().unwrap_or_default();
        (field.name.clone(), Nested { format: field.ty.format.clone(), rules, ..Nested::default() })
    });
    let properties: Vec<_> = restricted.collect();
    let all_of = vec![Nested { properties, ..Nested::default() }];
    (!all_of[0].properties.is_empty()).then(|| Rules { all_of, ..Rules::default() })
}

/// Builds types from a schema, and knows where it is.
#[derive(Default)]
struct Builder {
    path: Vec<String>,
}

impl Builder {
    fn ty(&mut self, schema: &Value) -> Result<Type> {
        let schema = self.members(schema)?;
        let flag = |name: &str| schema.get(name).and_then(Value::as_bool).unwrap_or_default();
        let form = match text(schema, "type") {
            _ if flag("x-kubernetes-int-or-string") => Form::IntOrString,
            "object" => self.object_or_map(schema)?,
            "array" => self.list(schema)?,
            "string" => Form::String,
            "boolean" => Form::Bool,
            "integer" => Form::Int64,
            "number" => Form::Double,
            "" if flag("x-kubernetes-preserve-unknown-fields") => Form::Any,
            "" => return Err(self.error("type is missing")),
            other => return Err(self.error(&format!("type {other} is unknown"))),
        };
        let mut ty = Type::new(form);
        ty.atomic = text(schema, "x-kubernetes-map-type") == "atomic";
        ty.nullable = flag("nullable");
        ty.format = schema.get("format").and_then(Value::as_str).map(|format| format.to_owned().into());
        ty.default = schema.get("default").filter(|default| !default.is_null()).cloned().map(Into::into);
        if ty.object().is_none() {
            let rules = self.rules(schema)?;
            ty.rules = (rules != Rules::default()).then(|| Box::new(rules));
        }
        Ok(ty)
    }

    fn object_or_map(&mut self, schema: &Map<String, Value>) -> Result<Form> {
        let has_properties = schema.get("properties").is_some_and(|p| p.as_object().is_some_and(|p| !p.is_empty()));
        match schema.get("additionalProperties") {
            None | Some(Value::Null) => self.object_form(schema, false),
            // Beside properties it is like preserving what is unknown.
            Some(Value::Bool(true)) if has_properties => self.object_form(schema, true),
            Some(_) if has_properties => Err(self.error("properties and additionalProperties cannot be used together")),
            Some(Value::Bool(_)) => Ok(Form::Map(Type::new(Form::Any).into())),
            Some(values) => Ok(Form::Map(self.below("additionalProperties", |at| at.ty(values))?.into())),
        }
    }

    fn object_form(&mut self, schema: &Map<String, Value>, is_open: bool) -> Result<Form> {
        let mut object = self.object(schema)?;
        object.preserves_unknown |= is_open;
        let embedded = object.embedded_resource;
        Ok(Form::Object(if embedded { as_resource(object) } else { object }.into()))
    }

    fn object(&mut self, schema: &Map<String, Value>) -> Result<ObjectType> {
        let flag = |name: &str| schema.get(name).and_then(Value::as_bool).unwrap_or_default();
        let mut fields = Vec::new();
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let ty = self.below(&format!("properties[{name}]"), |at| at.ty(property))?;
            fields.push(Field::structural(name.clone(), ty));
        }
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        let rules = self.rules(schema)?;
        let object = ObjectType {
            model: Model::Structural,
            preserves_unknown: flag("x-kubernetes-preserve-unknown-fields"),
            embedded_resource: flag("x-kubernetes-embedded-resource"),
            required: texts(schema, "required"),
            rules: (rules != Rules::default()).then(|| Box::new(rules)),
            ..ObjectType::default()
        };
        Ok(object.with_fields(fields))
    }

    fn list(&mut self, schema: &Map<String, Value>) -> Result<Form> {
        let Some(items) = schema.get("items") else { return Err(self.error("items are missing")) };
        let kind = match text(schema, "x-kubernetes-list-type") {
            "" => None,
            "atomic" => Some(ListKind::Atomic),
            "set" => Some(ListKind::Set),
            "map" => Some(ListKind::Map),
            other => return Err(self.error(&format!("x-kubernetes-list-type {other} is unknown"))),
        };
        let items = self.below("items", |at| at.ty(items))?.into();
        Ok(Form::List(List { items, kind, keys: texts(schema, "x-kubernetes-list-map-keys"), wrapped: false }))
    }

    fn rules(&mut self, schema: &Map<String, Value>) -> Result<Rules> {
        let owned = |name: &str| schema.get(name).and_then(Value::as_str).map(str::to_owned);
        let number = |name: &str| schema.get(name).and_then(Value::as_number).cloned();
        let bound = |name: &str, exclusive: &str| -> Option<Bound> {
            let exclusive = schema.get(exclusive).and_then(Value::as_bool).unwrap_or_default();
            number(name).map(|value| Bound { value, exclusive })
        };
        let count = |name: &str| number(name).as_ref().and_then(Number::as_i64);
        let range = |min: &str, max: &str| Range { min: count(min), max: count(max) };
        let validations = match schema.get("x-kubernetes-validations") {
            None | Some(Value::Null) => Vec::new(),
            Some(rules) => serde::Deserialize::deserialize(rules)
                .map_err(|_| self.error("x-kubernetes-validations is no list of rules"))?,
        };
        let others = SHOWN_ONLY.iter().filter_map(|name| Some(((*name).to_owned(), schema.get(*name)?.clone())));
        Ok(Rules {
            title: owned("title"),
            description: owned("description"),
            enumeration: schema.get("enum").and_then(Value::as_array).cloned().unwrap_or_default(),
            pattern: owned("pattern"),
            minimum: bound("minimum", "exclusiveMinimum"),
            maximum: bound("maximum", "exclusiveMaximum"),
            multiple_of: number("multipleOf"),
            length: range("minLength", "maxLength"),
            items: range("minItems", "maxItems"),
            properties: range("minProperties", "maxProperties"),
            unique_items: schema.get("uniqueItems").and_then(Value::as_bool).unwrap_or_default(),
            validations,
            all_of: self.alternatives(schema, "allOf")?,
            any_of: self.alternatives(schema, "anyOf")?,
            one_of: self.alternatives(schema, "oneOf")?,
            not: self.optional(schema, "not")?,
            others: others.collect(),
        })
    }

    fn alternatives(&mut self, schema: &Map<String, Value>, name: &str) -> Result<Vec<Nested>> {
        let schemas = schema.get(name).and_then(Value::as_array).into_iter().flatten().enumerate();
        schemas.map(|(i, schema)| self.below(&format!("{name}[{i}]"), |at| at.nested(schema))).collect()
    }

    fn optional(&mut self, schema: &Map<String, Value>, name: &str) -> Result<Option<Box<Nested>>> {
        let Some(schema) = schema.get(name).filter(|schema| schema.is_object()) else { return Ok(None) };
        self.below(name, |at| at.nested(schema)).map(Box::new).map(Some)
    }

    fn nested(&mut self, schema: &Value) -> Result<Nested> {
        let schema = self.members(schema)?;
        let owned = |name: &str| schema.get(name).and_then(Value::as_str).map(|text| text.to_owned().into());
        let mut properties = Vec::new();
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let nested = self.below(&format!("properties[{name}]"), |at| at.nested(property))?;
            properties.push((name.clone().into(), nested));
        }
        Ok(Nested {
            ty: owned("type"),
            format: owned("format"),
            rules: self.rules(schema)?,
            required: texts(schema, "required"),
            properties,
            values: self.optional(schema, "additionalProperties")?,
            items: self.optional(schema, "items")?,
        })
    }

    fn members<'a>(&self, schema: &'a Value) -> Result<&'a Map<String, Value>> {
        let schema = schema.as_object().ok_or_else(|| self.error("a schema is an object"))?;
        match schema.get("$ref") {
            Some(_) => Err(self.error("$ref is not supported")),
            None => Ok(schema),
        }
    }

    fn below<T>(&mut self, step: &str, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.path.push(step.to_owned());
        let found = read(self);
        self.path.pop();
        found
    }

    fn error(&self, why: &str) -> Unstructural {
        Unstructural { path: self.path.join("."), why: why.to_owned() }
    }
}

fn text<'a>(schema: &'a Map<String, Value>, name: &str) -> &'a str {
    schema.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn texts(schema: &Map<String, Value>, name: &str) -> Vec<Text> {
    let items = schema.get(name).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(|text| text.to_owned().into()).collect()
}
