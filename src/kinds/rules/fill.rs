//! Filling in members that an object lacks.

use serde_json::Value;

use crate::object::meta::Object;

/// Sets a member that is absent, null or an empty text.
pub fn absent(members: &mut Object, name: &str, value: impl Into<Value>) {
    if is_blank(members.get(name)) {
        members.insert(name.to_owned(), value.into());
    }
}

/// Sets a member that is absent or null; an explicit empty value stays.
pub fn null(members: &mut Object, name: &str, value: impl Into<Value>) {
    if members.get(name).is_none_or(Value::is_null) {
        members.insert(name.to_owned(), value.into());
    }
}

/// Visits every object in the list of this name.
pub fn each(members: &mut Object, name: &str, mut visit: impl FnMut(&mut Object)) {
    let items = members.get_mut(name).and_then(Value::as_array_mut);
    for item in items.into_iter().flatten().filter_map(Value::as_object_mut) {
        visit(item);
    }
}

/// Visits the object of this name, if there is one.
pub fn inside(members: &mut Object, name: &str, visit: impl FnOnce(&mut Object)) {
    if let Some(object) = members.get_mut(name).and_then(Value::as_object_mut) {
        visit(object);
    }
}

fn is_blank(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(_) => false,
    }
}
