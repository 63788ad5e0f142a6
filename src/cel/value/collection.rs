//! Lists and maps: those that lie in JSON, and those that expressions make.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;

use super::{Text, Value};
use crate::cel::declared::{Declared, ObjectType, Ordering};
use crate::cel::error::Error;

#[derive(Clone, Debug)]
pub enum List<'a> {
    Json { items: &'a [Json], declared: &'a Declared, order: &'a Ordering },
    Made(Arc<Vec<Value<'a>>>),
}

#[derive(Clone, Debug)]
pub enum Map<'a> {
    /// A map from strings.
    Json(&'a serde_json::Map<String, Json>, &'a Declared),
    /// An object: only declared fields are seen, and null is the same as absent.
    Object(&'a serde_json::Map<String, Json>, &'a Arc<ObjectType>),
    /// Keys, which keep whether they are signed, and values.
    Made(Arc<Made<'a>>),
    /// An object that an expression makes, by the names of its fields.
    Named(Arc<ObjectType>, Arc<Made<'a>>),
}

pub type Made<'a> = BTreeMap<Key, (Value<'a>, Value<'a>)>;

/// The key of a map. Numbers of different types are the same key if they are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Bool(bool),
    Number(i128),
    String(Arc<str>),
}

impl Key {
    /// The key that a value stands for; `None` for a value that no map has as a key.
    pub fn of(value: &Value) -> Option<Key> {
        match value {
            Value::Bool(value) => Some(Key::Bool(*value)),
            Value::Int(number) => Some(Key::Number((*number).into())),
            Value::Uint(number) => Some(Key::Number((*number).into())),
            Value::Double(number) if number.fract() == 0.0 && number.abs() < 1e19 => Some(Key::Number(*number as i128)),
            Value::String(Text::Owned(text)) => Some(Key::String(text.clone())),
            Value::String(Text::Borrowed(text)) => Some(Key::String(Arc::from(*text))),
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Bool(value) => write!(f, "{value}"),
            Key::Number(number) => write!(f, "{number}"),
            Key::String(text) => f.write_str(text),
        }
    }
}

impl<'a> List<'a> {
    pub fn len(&self) -> usize {
        match self {
            List::Json { items, .. } => items.len(),
            List::Made(items) => items.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at an index; `None` behind the end.
    pub fn get(&self, index: usize) -> Option<Result<Value<'a>, Error>> {
        match self {
            List::Json { items, declared, .. } => items.get(index).map(|item| Value::json(item, declared)),
            List::Made(items) => items.get(index).map(|item| Ok(item.clone())),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = Result<Value<'a>, Error>> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// All items.
    pub fn items(&self) -> Result<Vec<Value<'a>>, Error> {
        self.iter().collect()
    }

    pub fn order(&self) -> &'a Ordering {
        match self {
            List::Json { order, .. } => order,
            List::Made(_) => &Ordering::Atomic,
        }
    }
}

impl<'a> Map<'a> {
    pub fn len(&self) -> usize {
        match self {
            Map::Json(map, _) => map.len(),
            Map::Object(..) => self.keys().len(),
            Map::Made(entries) | Map::Named(_, entries) => entries.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a field or of a string key.
    pub fn field(&self, name: &str) -> Option<Result<Value<'a>, Error>> {
        match self {
            Map::Json(map, declared) => map.get(name).map(|value| Value::json(value, declared)),
            Map::Object(map, object) => {
                let field = object.field(name)?;
                let value = map.get(&field.key).filter(|value| !value.is_null())?;
                Some(Value::json(value, &field.declared))
            }
            Map::Made(_) | Map::Named(..) => self.get(&Value::String(Text::Owned(Arc::from(name)))),
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &Value) -> Option<Result<Value<'a>, Error>> {
        match (self, key) {
            (Map::Made(entries) | Map::Named(_, entries), key) => {
                entries.get(&Key::of(key)?).map(|(_, value)| Ok(value.clone()))
            }
            (_, Value::String(name)) => self.field(name),
            _ => None,
        }
    }

    pub fn keys(&self) -> Vec<Value<'a>> {
        match self {
            Map::Json(map, _) => map.keys().map(|key| Value::String(Text::Borrowed(key))).collect(),
            Map::Object(map, object) => {
                let is_set = |key: &str| map.get(key).is_some_and(|value| !value.is_null());
                let set = object.fields.iter().filter(|(_, field)| is_set(&field.key));
                set.map(|(name, _)| Value::String(Text::Borrowed(name))).collect()
            }
            Map::Made(entries) | Map::Named(_, entries) => entries.values().map(|(key, _)| key.clone()).collect(),
        }
    }

    /// All keys with their values.
    pub fn entries(&self) -> Result<Vec<(Value<'a>, Value<'a>)>, Error> {
        let value = |key: Value<'a>| match self.get(&key) {
            Some(value) => Ok((key, value?)),
            None => Ok((key, Value::Null)),
        };
        self.keys().into_iter().map(value).collect()
    }
}
