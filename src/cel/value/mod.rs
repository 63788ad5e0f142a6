//! Values of expressions. Strings, lists, maps and objects borrow from the JSON they come from.

mod collection;
mod compare;
mod equality;
mod json;
mod text;

use std::sync::Arc;

pub use collection::{Key, List, Map};
pub use compare::compare;
pub use equality::{Index, equal};
pub use text::Text;

use super::declared::Declared;
use super::error::Error;
use super::library::{Library, format};
use super::types::Type;

/// A value.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Text<'a>),
    Bytes(Arc<[u8]>),
    /// In UTC.
    Timestamp(jiff::civil::DateTime),
    /// Nanoseconds.
    Duration(i64),
    List(List<'a>),
    Map(Map<'a>),
    Optional(Option<Arc<Value<'a>>>),
    Type(Type),
    Library(Library),
}

impl<'a> Value<'a> {
    /// A value in JSON, read along its declaration.
    pub fn json(json: &'a serde_json::Value, declared: &'a Declared) -> Result<Value<'a>, Error> {
        json::read(json, declared)
    }

    pub fn string(text: impl Into<String>) -> Value<'a> {
        Value::String(Text::Owned(Arc::from(text.into())))
    }

    pub fn list(items: Vec<Value<'a>>) -> Value<'a> {
        Value::List(List::Made(Arc::new(items)))
    }

    pub fn some(value: Value<'a>) -> Value<'a> {
        Value::Optional(Some(Arc::new(value)))
    }

    /// The type at run time.
    pub fn type_of(&self) -> Type {
        match self {
            Value::Null => Type::Null,
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Int,
            Value::Uint(_) => Type::Uint,
            Value::Double(_) => Type::Double,
            Value::String(_) => Type::String,
            Value::Bytes(_) => Type::Bytes,
            Value::Timestamp(_) => Type::Timestamp,
            Value::Duration(_) => Type::Duration,
            Value::List(_) => Type::list(Type::Dyn),
            Value::Map(Map::Object(_, object)) => Type::Object((*object).clone()),
            Value::Map(Map::Named(object, _)) => Type::Object(object.clone()),
            Value::Map(_) => Type::map(Type::Dyn, Type::Dyn),
            Value::Optional(_) => Type::optional(Type::Dyn),
            Value::Type(_) => Type::Type(None),
            Value::Library(library) => Type::Library(library.kind()),
        }
    }

    /// The name of the type at run time.
    pub fn type_name(&self) -> String {
        self.type_of().bare_name()
    }

    /// The number of characters, bytes, items or entries; 1 for what has no size.
    pub fn size(&self) -> u64 {
        let size = match self {
            Value::String(text) => text.chars().count(),
            Value::Bytes(bytes) => bytes.len(),
            Value::List(list) => list.len(),
            Value::Map(map) => map.len(),
            Value::Library(library) => library.size(),
            _ => 1,
        };
        size as u64
    }

    /// Whether the value is what its type starts with: empty, zero or false.
    pub fn is_zero(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Bool(value) => !value,
            Value::Int(number) => *number == 0,
            Value::Uint(number) => *number == 0,
            Value::Double(number) => *number == 0.0,
            Value::Duration(nanos) => *nanos == 0,
            Value::String(text) => text.is_empty(),
            Value::Bytes(bytes) => bytes.is_empty(),
            Value::List(list) => list.is_empty(),
            Value::Map(map) => map.is_empty(),
            Value::Optional(value) => value.is_none(),
            Value::Timestamp(_) | Value::Type(_) | Value::Library(_) => false,
        }
    }

    /// The value of a JSON document; `None` for what JSON cannot hold.
    pub fn to_json(&self) -> Option<serde_json::Value> {
        json::write(self)
    }

    /// The text that `string(…)` makes of it; `None` for what has none.
    pub fn to_text(&self) -> Option<String> {
        format::text(self)
    }
}
