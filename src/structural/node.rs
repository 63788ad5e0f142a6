//! `Node`: what a schema says about one value, and about what is in it.

use serde_json::{Map, Number, Value};

use super::{format::Format, pattern::Pattern};
use crate::schema::ListKind;

/// What a schema says about a value.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// The types that it may have.
    pub types: Types,
    /// Whether it may be `null`.
    pub nullable: bool,
    /// The format of a string or number.
    pub format: Option<Format>,
    /// Whether it is a whole resource within another.
    pub embedded: bool,
    /// Bounds, counts, patterns and enumerations.
    pub limits: Option<Box<Limits>>,
    /// Other schemas that it must satisfy, or must not.
    pub junctors: Option<Box<Junctors>>,
    /// The declared members of an object, sorted by name.
    pub properties: Vec<(Box<str>, Node)>,
    /// The members that an object must have.
    pub required: Vec<Box<str>>,
    /// The members of a map.
    pub values: Option<Box<Node>>,
    /// Whether an object may have only the declared members.
    pub is_closed: bool,
    /// The items of a list.
    pub items: Option<Box<Node>>,
    /// How the items of a list are told apart.
    pub list: Option<Box<ListRule>>,
}

/// The types that a value may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Types {
    /// Every type.
    #[default]
    Any,
    /// The type of this name.
    One(&'static str),
    /// An integer or a string.
    IntOrString,
}

/// How the items of a list are told apart.
#[derive(Clone, Debug)]
pub struct ListRule {
    /// Whether it is a set or a map.
    pub kind: ListKind,
    /// The members that identify an item of a map.
    pub keys: Vec<Box<str>>,
}

/// Bounds, counts, patterns and enumerations.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// `enum`.
    pub enumeration: Vec<Value>,
    /// `pattern`.
    pub pattern: Option<Pattern>,
    /// `minimum`, and whether it is excluded.
    pub minimum: Option<(f64, bool)>,
    /// `maximum`, and whether it is excluded.
    pub maximum: Option<(f64, bool)>,
    /// `multipleOf`.
    pub multiple_of: Option<f64>,
    /// `minLength` and `maxLength`.
    pub length: Counts,
    /// `minItems` and `maxItems`.
    pub items: Counts,
    /// `minProperties` and `maxProperties`.
    pub properties: Counts,
}

/// How small and how large a count may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The smallest.
    pub min: Option<i64>,
    /// The largest.
    pub max: Option<i64>,
}

/// Other schemas that a value must satisfy, or must not.
#[derive(Clone, Debug, Default)]
pub struct Junctors {
    /// `allOf`.
    pub all_of: Vec<Node>,
    /// `anyOf`.
    pub any_of: Vec<Node>,
    /// `oneOf`.
    pub one_of: Vec<Node>,
    /// `not`.
    pub not: Option<Node>,
}

/// The names of types.
const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

impl Node {
    /// Compiles a schema. What is not understood says nothing.
    pub fn compile(schema: &Value) -> Self {
        let Some(schema) = schema.as_object() else { return Self::default() };
        let flag = |name: &str| schema.get(name) == Some(&Value::Bool(true));
        let types = types(schema);
        let mut properties: Vec<(Box<str>, Self)> = members(schema, "properties")
            .map(|(name, property)| (name.as_str().into(), Self::compile(property)))
            .collect();
        properties.sort_by(|a, b| a.0.cmp(&b.0));
        Self {
            nullable: flag("nullable"),
            format: text(schema, "format").and_then(|name| Format::known(name, &types)),
            types,
            embedded: flag("x-kubernetes-embedded-resource"),
            limits: limits(schema),
            junctors: junctors(schema),
            properties,
            required: texts(schema, "required"),
            values: nested(schema, "additionalProperties"),
            is_closed: schema.get("additionalProperties") == Some(&Value::Bool(false)),
            items: nested(schema, "items"),
            list: list_rule(schema),
        }
    }

    /// What is said about the member of this name, if it is declared.
    pub fn property(&self, name: &str) -> Option<&Self> {
        let found = self.properties.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        Some(&self.properties[found].1)
    }
}

fn types(schema: &Map<String, Value>) -> Types {
    if schema.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true)) {
        return Types::IntOrString;
    }
    let name = text(schema, "type").unwrap_or_default();
    TYPES.into_iter().find(|known| *known == name).map_or(Types::Any, Types::One)
}

fn limits(schema: &Map<String, Value>) -> Option<Box<Limits>> {
    const NAMES: [&str; 11] = [
        "enum",
        "pattern",
        "minimum",
        "maximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
    ];
    if !NAMES.iter().any(|name| schema.contains_key(*name)) {
        return None;
    }
    let number = |name: &str| schema.get(name).and_then(Value::as_f64);
    let bound = |name: &str, exclusive: &str| {
        let exclusive = schema.get(exclusive).and_then(Value::as_bool).unwrap_or_default();
        number(name).map(|bound| (bound, exclusive))
    };
    let count = |name: &str| schema.get(name).and_then(Value::as_number).and_then(Number::as_i64);
    let counts = |min: &str, max: &str| Counts { min: count(min), max: count(max) };
    Some(Box::new(Limits {
        enumeration: schema.get("enum").and_then(Value::as_array).cloned().unwrap_or_default(),
        pattern: text(schema, "pattern").filter(|pattern| !pattern.is_empty()).map(Pattern::new),
        minimum: bound("minimum", "exclusiveMinimum"),
        maximum: bound("maximum", "exclusiveMaximum"),
        multiple_of: number("multipleOf"),
        length: counts("minLength", "maxLength"),
        items: counts("minItems", "maxItems"),
        properties: counts("minProperties", "maxProperties"),
    }))
}

fn junctors(schema: &Map<String, Value>) -> Option<Box<Junctors>> {
    let list = |name: &str| -> Vec<Node> {
        schema.get(name).and_then(Value::as_array).into_iter().flatten().map(Node::compile).collect()
    };
    let found = Junctors {
        all_of: list("allOf"),
        any_of: list("anyOf"),
        one_of: list("oneOf"),
        not: schema.get("not").filter(|not| not.is_object()).map(Node::compile),
    };
    let is_empty = found.all_of.is_empty() && found.any_of.is_empty() && found.one_of.is_empty() && found.not.is_none();
    (!is_empty).then(|| Box::new(found))
}

fn list_rule(schema: &Map<String, Value>) -> Option<Box<ListRule>> {
    let kind = match text(schema, "x-kubernetes-list-type")? {
        "set" => ListKind::Set,
        "map" => ListKind::Map,
        _ => return None,
    };
    Some(Box::new(ListRule { kind, keys: texts(schema, "x-kubernetes-list-map-keys") }))
}

fn nested(schema: &Map<String, Value>, name: &str) -> Option<Box<Node>> {
    schema.get(name).filter(|found| found.is_object()).map(Node::compile).map(Box::new)
}

fn members<'a>(schema: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    schema.get(name).and_then(Value::as_object).into_iter().flatten()
}

fn text<'a>(schema: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    schema.get(name).and_then(Value::as_str)
}

fn texts(schema: &Map<String, Value>, name: &str) -> Vec<Box<str>> {
    let items = schema.get(name).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(Into::into).collect()
}
