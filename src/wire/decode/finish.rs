//! Puts a struct's fields together as Go's encoder would: which empty ones are written depends on the field.

use serde_json::{Map, Value};

use crate::schema::{Field, Form, ObjectType, Type};

/// A place for the value of each field.
pub fn slots(object: &ObjectType) -> Vec<Option<Value>> {
    vec![None; object.fields().len()]
}

/// The members that are written. In stored form an empty list or map is an absent one.
pub fn finish(object: &ObjectType, found: Vec<Option<Value>>, is_stored: bool) -> Map<String, Value> {
    let mut members = Map::with_capacity(found.iter().flatten().count());
    for (field, value) in object.fields().iter().zip(found) {
        let written = match value {
            Some(Value::Array(items)) if is_stored && items.is_empty() => absent(object, field, is_stored),
            Some(Value::Object(entries)) if is_stored && is_map(field) && entries.is_empty() => {
                absent(object, field, is_stored)
            }
            Some(value) if keeps(field, &value) => Some(value),
            Some(_) | None => absent(object, field, is_stored),
        };
        if let Some(value) = written {
            members.insert(field.name.as_ref().to_owned(), value);
        }
    }
    members
}

/// The value of a type for which nothing is given.
pub fn zero(ty: &Type, is_stored: bool) -> Value {
    match &ty.form {
        Form::String | Form::Bytes => "".into(),
        Form::Bool => false.into(),
        Form::Int32 | Form::Int64 | Form::Double | Form::IntOrString => 0.into(),
        Form::Object(object) if object.is_structural() => Value::Object(Map::new()),
        Form::Object(object) => Value::Object(finish(object, slots(object), is_stored)),
        Form::Time | Form::MicroTime | Form::Any | Form::Map(_) | Form::List(_) | Form::Either(_) => Value::Null,
        Form::Quantity => "0".into(),
        Form::Duration => "0s".into(),
    }
}

/// Whether a value that was given is written.
fn keeps(field: &Field, value: &Value) -> bool {
    if field.always {
        return true;
    }
    match value {
        Value::Null => false,
        // An empty list of managers asks to forget them.
        Value::Array(items) if field.ty.list().is_some() => !items.is_empty() || field.name == "managedFields",
        Value::Object(entries) if is_map(field) => !entries.is_empty(),
        _ if field.ptr || field.ty.is_struct() => true,
        Value::String(s) => !s.is_empty(),
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64() != Some(0.0),
        _ => true,
    }
}

/// What is written for a field that has no value.
fn absent(object: &ObjectType, field: &Field, is_stored: bool) -> Option<Value> {
    if field.ptr || !field.ty.is_single() {
        let items_of_list = field.name == "items" && object.is_list();
        return field.always.then(|| if items_of_list { Value::Array(Vec::new()) } else { Value::Null });
    }
    (field.always || (field.ty.is_struct() && !field.omit_zero)).then(|| zero(&field.ty, is_stored))
}

fn is_map(field: &Field) -> bool {
    field.ty.values().is_some()
}
