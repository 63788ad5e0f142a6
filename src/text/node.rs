//! `Node`: parsed JSON or YAML that still has its duplicate keys and the spelling of its numbers.

use serde_json::{Map, Number, Value};

/// A parsed value.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written.
    Number(Box<str>),
    /// A string.
    String(String),
    /// A list.
    Array(Vec<Node>),
    /// An object: every member in the order of the text, duplicates included.
    Object(Vec<(String, Node)>),
    /// A list or an object that was a plain value before, and has not been [opened](Node::open).
    Given(Value),
}

impl Node {
    /// What Go's decoder calls this kind of value in its errors.
    pub fn go_kind(&self) -> &'static str {
        match self {
            Node::Null => "null",
            Node::Bool(_) => "bool",
            Node::Number(_) => "number",
            Node::String(_) => "string",
            Node::Array(_) | Node::Given(Value::Array(_)) => "array",
            Node::Object(_) | Node::Given(_) => "object",
        }
    }

    /// A list or an object whose items or members can be reached. What nobody looks into is never taken apart.
    pub fn open(self) -> Self {
        match self {
            Node::Given(Value::Array(items)) => Node::Array(items.into_iter().map(Node::from).collect()),
            Node::Given(Value::Object(members)) => {
                Node::Object(members.into_iter().map(|(name, value)| (name, value.into())).collect())
            }
            node => node,
        }
    }

    /// The plain value; of duplicate members the last one stays.
    pub fn into_value(self) -> Value {
        match self {
            Node::Null => Value::Null,
            Node::Bool(b) => Value::Bool(b),
            Node::Number(text) => number(&text),
            Node::String(s) => Value::String(s),
            Node::Array(items) => items.into_iter().map(Node::into_value).collect(),
            Node::Object(members) => {
                Value::Object(members.into_iter().map(|(k, v)| (k, v.into_value())).collect::<Map<_, _>>())
            }
            Node::Given(value) => value,
        }
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Node::Null,
            Value::Bool(b) => Node::Bool(b),
            Value::Number(n) => Node::Number(n.to_string().into_boxed_str()),
            Value::String(s) => Node::String(s),
            Value::Array(_) | Value::Object(_) => Node::Given(value),
        }
    }
}

/// A number literal as a value: an integer if it fits, else a float.
fn number(text: &str) -> Value {
    if let Ok(n) = text.parse::<i64>() {
        return n.into();
    }
    if let Ok(n) = text.parse::<u64>() {
        return n.into();
    }
    text.parse::<f64>().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}
