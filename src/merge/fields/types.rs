//! What server-side apply knows of a value's type.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::Element;
use crate::{
    object::meta::Object,
    schema::{self, Field, Form, ListType, Message},
    text::go_quote,
};

/// The type of a value.
#[derive(Clone, Copy)]
pub enum Type {
    /// A message.
    Message(&'static Message),
    /// The whole value of a field.
    Field(&'static Field),
    /// An item of a field that is a list, or a value of one that is a map.
    Item(&'static Field),
    /// An item of a list of texts.
    Text,
    /// Anything: maps merge, everything else is one value.
    Any,
}

/// How a value of a type is walked.
#[derive(Clone, Copy)]
pub(super) enum Atom {
    /// A scalar, with the word that messages have for it.
    Scalar(Scalar),
    /// A message with members; as one value if atomic.
    Struct { message: &'static Message, atomic: bool },
    /// A map; as one value if atomic.
    Map { values: Type, atomic: bool },
    /// A list.
    List { items: Type, relation: Relation },
}

/// What a scalar may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    Number,
    Text,
    Bool,
    Any,
}

/// How the items of a list relate.
#[derive(Clone, Copy)]
pub(super) enum Relation {
    /// The list is one value.
    Atomic,
    /// Items are themselves.
    Set,
    /// Items are found by the keys of this field.
    Keyed(&'static Field),
}

impl Type {
    /// How a value is walked. The value matters only where the type leaves open what it is.
    pub(super) fn atom(self, value: Option<&Value>) -> Atom {
        match self {
            Type::Message(message) => message_atom(message, message.atomic, value),
            Type::Field(field) if field.list => Atom::List { items: Type::Item(field), relation: relation(field) },
            Type::Field(field) if field.map => Atom::Map { values: Type::Item(field), atomic: field.atomic },
            Type::Field(field) | Type::Item(field) => match &field.ty {
                schema::Type::String | schema::Type::Bytes => Atom::Scalar(Scalar::Text),
                schema::Type::Bool => Atom::Scalar(Scalar::Bool),
                schema::Type::Int32 | schema::Type::Int64 | schema::Type::Double => Atom::Scalar(Scalar::Number),
                schema::Type::Message(reference) => {
                    let message = reference.get();
                    message_atom(message, message.atomic || (field.is_single() && field.atomic), value)
                }
            },
            Type::Text => Atom::Scalar(Scalar::Text),
            Type::Any => any_atom(value),
        }
    }
}

fn message_atom(message: &'static Message, atomic: bool, value: Option<&Value>) -> Atom {
    match message.form {
        Form::Object => Atom::Struct { message, atomic },
        Form::Strings => Atom::List { items: Type::Text, relation: Relation::Atomic },
        Form::Any => any_atom(value),
        Form::Duration => Atom::Scalar(Scalar::Text),
        Form::Time | Form::MicroTime | Form::Quantity | Form::IntOrString => Atom::Scalar(Scalar::Any),
    }
}

fn any_atom(value: Option<&Value>) -> Atom {
    match value {
        Some(Value::Object(_)) => Atom::Map { values: Type::Any, atomic: false },
        Some(Value::Array(_)) => Atom::List { items: Type::Any, relation: Relation::Atomic },
        _ => Atom::Scalar(Scalar::Any),
    }
}

fn relation(field: &'static Field) -> Relation {
    match field.list_type {
        Some(ListType::Map) => Relation::Keyed(field),
        Some(ListType::Set) => Relation::Set,
        Some(ListType::Atomic) | None => Relation::Atomic,
    }
}

/// The step that leads to an item of a list; the error is the text for an item that has none.
pub(super) fn item_step(relation: Relation, index: usize, item: &Value) -> Result<Element, String> {
    let field = match relation {
        Relation::Keyed(field) => field,
        Relation::Set if item.is_object() || item.is_array() || item.is_null() => {
            let what = if item.is_object() { "map" } else { "list" };
            return Err(format!("associative list without keys has an element that's a {what} type"));
        }
        Relation::Set => return Ok(Element::Value(item.clone())),
        Relation::Atomic => return Ok(Element::Index(i64::try_from(index).unwrap_or(i64::MAX))),
    };
    let members = match item {
        Value::Object(members) => members,
        Value::Null => return Err("associative list with keys may not have a null element".to_owned()),
        _ => return Err("associative list with keys may not have non-map elements".to_owned()),
    };
    let found = field.keys.iter().filter_map(|key| Some(((*key).to_owned(), key_of(members, field, key)?)));
    let keys: Vec<_> = found.collect();
    if keys.is_empty() {
        let names: Vec<_> = field.keys.iter().map(|key| go_quote(key)).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values \
             for any key fields)",
            names.join(" ")
        ));
    }
    Ok(Element::key(keys))
}

/// A port's protocol is the one key with a default, which the table of fields leaves to defaulting.
fn key_of(members: &Object, field: &Field, key: &str) -> Option<Value> {
    let declared = || field.message()?.field(key)?.default.clone();
    let default = || declared().or_else(|| (key == "protocol").then(|| "TCP".into()));
    members.get(key).cloned().or_else(default)
}

/// A member of a live struct. Members that Go always writes are there even where the JSON leaves them out.
pub(super) fn live_member<'a>(members: &'a Object, field: &Field) -> Option<&'a Value> {
    static EMPTY: LazyLock<[Value; 4]> =
        LazyLock::new(|| [Value::Object(Map::new()), Value::from(""), Value::from(0), Value::Bool(false)]);
    static NULL: Value = Value::Null;
    let found = members.get(field.name);
    if found.is_some() {
        return found;
    }
    let is_struct = field.message().is_some_and(|message| message.form == Form::Object);
    if field.is_single() && !field.ptr && is_struct {
        return (!field.omit_zero).then(|| &EMPTY[0]);
    }
    if !field.always {
        return None;
    }
    Some(match &field.ty {
        _ if field.ptr || !field.is_single() => &NULL,
        schema::Type::String => &EMPTY[1],
        schema::Type::Int32 | schema::Type::Int64 | schema::Type::Double => &EMPTY[2],
        schema::Type::Bool => &EMPTY[3],
        schema::Type::Bytes | schema::Type::Message(_) => &NULL,
    })
}
