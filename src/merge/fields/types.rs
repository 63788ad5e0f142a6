//! What server-side apply knows of a value's type.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::Element;
use crate::{
    object::meta::Object,
    schema::{Field, Form, List, ListKind, ObjectType, Type},
    text::go_quote,
};

/// The type of a value.
#[derive(Clone, Copy)]
pub enum Typed<'a> {
    /// An object, such as a whole resource.
    Object(&'a ObjectType),
    /// A part of an object.
    Value(&'a Type),
    /// Anything: maps merge, everything else is one value.
    Any,
}

/// How a value of a type is walked.
#[derive(Clone, Copy)]
pub(super) enum Atom<'a> {
    /// A scalar, with the word that messages have for it.
    Scalar(Scalar),
    /// An object with known fields; as one value if atomic.
    Struct { object: &'a ObjectType, atomic: bool },
    /// A map; as one value if atomic.
    Map { values: Typed<'a>, atomic: bool },
    /// A list.
    List { items: Typed<'a>, relation: Relation<'a> },
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
pub(super) enum Relation<'a> {
    /// The list is one value.
    Atomic,
    /// Items are themselves.
    Set,
    /// Items are found by the keys of this list.
    Keyed(&'a List),
}

impl<'a> Typed<'a> {
    /// How a value is walked. The value matters only where the type leaves open what it is.
    pub(super) fn atom(self, value: Option<&Value>) -> Atom<'a> {
        let ty = match self {
            Typed::Object(object) => return Atom::Struct { object, atomic: object.atomic },
            Typed::Any => return any_atom(value),
            Typed::Value(ty) => ty,
        };
        match &ty.form {
            Form::String | Form::Bytes | Form::Duration => Atom::Scalar(Scalar::Text),
            Form::Bool => Atom::Scalar(Scalar::Bool),
            Form::Int32 | Form::Int64 | Form::Double => Atom::Scalar(Scalar::Number),
            Form::Time | Form::MicroTime | Form::Quantity | Form::IntOrString => Atom::Scalar(Scalar::Any),
            Form::Any if ty.definition == Some(RAW) => match any_atom(value) {
                Atom::Map { values, .. } => Atom::Map { values, atomic: true },
                atom => atom,
            },
            Form::Any | Form::Either(_) => any_atom(value),
            Form::Object(object) => Atom::Struct { object, atomic: ty.is_atomic() },
            Form::Map(values) => Atom::Map { values: Typed::Value(values), atomic: ty.atomic },
            Form::List(list) => Atom::List { items: Typed::Value(&list.items), relation: relation(list) },
        }
    }

    /// The type of a member of an object or a map, and whether it is a declared one of an object.
    pub(super) fn member(self, name: &str) -> (Typed<'a>, bool) {
        match self.atom(None) {
            Atom::Struct { object, .. } => {
                object.field(name).map_or((Typed::Any, false), |field| (Typed::Value(&field.ty), true))
            }
            Atom::Map { values, .. } => (values, false),
            _ => (Typed::Any, false),
        }
    }
}

/// The type of objects whose kind is not known. Each is one value.
const RAW: &str = "apimachinery.pkg.runtime.RawExtension";

fn any_atom<'a>(value: Option<&Value>) -> Atom<'a> {
    match value {
        Some(Value::Object(_)) => Atom::Map { values: Typed::Any, atomic: false },
        Some(Value::Array(_)) => Atom::List { items: Typed::Any, relation: Relation::Atomic },
        _ => Atom::Scalar(Scalar::Any),
    }
}

fn relation(list: &List) -> Relation<'_> {
    match list.kind {
        Some(ListKind::Map) => Relation::Keyed(list),
        Some(ListKind::Set) => Relation::Set,
        Some(ListKind::Atomic) | None => Relation::Atomic,
    }
}

/// The step that leads to an item of a list; the error is the text for an item that has none.
pub(super) fn item_step(relation: Relation, index: usize, item: &Value) -> Result<Element, String> {
    let list = match relation {
        Relation::Keyed(list) => list,
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
    let found = list.keys.iter().filter_map(|key| Some((key.to_string(), key_of(members, list, key)?)));
    let keys: Vec<_> = found.collect();
    if keys.is_empty() {
        let names: Vec<_> = list.keys.iter().map(|key| go_quote(key)).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values \
             for any key fields)",
            names.join(" ")
        ));
    }
    Ok(Element::key(keys))
}

/// As [`item_step`], of a live object: Go writes some keys even if they are empty.
pub(super) fn live_item_error(relation: Relation, index: usize, item: &Value) -> Option<String> {
    let why = item_step(relation, index, item).err()?;
    let Relation::Keyed(list) = relation else { return None };
    let always = |key: &str| list.items.object().and_then(|object| object.field(key)).is_some_and(|field| field.always);
    let has_key = item.is_object() && list.keys.iter().any(|key| always(key));
    (!has_key).then_some(why)
}

/// The value of a key, or the one that its type declares where it is not given.
fn key_of(members: &Object, list: &List, key: &str) -> Option<Value> {
    let default = || list.items.object()?.field(key)?.ty.default.as_deref().cloned();
    members.get(key).cloned().or_else(default)
}

/// A member of a live struct. Members that Go always writes are there even where the JSON leaves them out.
pub(super) fn live_member<'a>(members: &'a Object, field: &Field) -> Option<&'a Value> {
    static EMPTY: LazyLock<[Value; 4]> =
        LazyLock::new(|| [Value::Object(Map::new()), Value::from(""), Value::from(0), Value::Bool(false)]);
    static NULL: Value = Value::Null;
    let found = members.get(&*field.name);
    if found.is_some() {
        return found;
    }
    if field.ty.object().is_some() && !field.ptr {
        return (!field.omit_zero).then(|| &EMPTY[0]);
    }
    if matches!(field.ty.form, Form::Time | Form::MicroTime) && !field.ptr && !field.omit_zero {
        return Some(&NULL);
    }
    if !field.always {
        return None;
    }
    Some(match &field.ty.form {
        _ if field.ptr => &NULL,
        Form::String => &EMPTY[1],
        Form::Int32 | Form::Int64 | Form::Double => &EMPTY[2],
        Form::Bool => &EMPTY[3],
        _ => &NULL,
    })
}
