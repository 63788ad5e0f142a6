//! Whether a strategically patched object still has the shape of its type. Such an object is not decoded from text,
//! so the server refuses it in the words of the converter that turns maps into structs.

use serde_json::Value;

use crate::schema::{Field, Form, Message, Type};

/// Checks an object; the error is the converter's.
pub fn restore(object: &Value, message: &'static Message) -> Result<(), String> {
    let Value::Object(members) = object else {
        return Err(format!("cannot restore struct from: {}", go_kind(object)));
    };
    for (name, value) in members {
        if let Some(field) = message.field(name) {
            member(value, field)?;
        }
    }
    Ok(())
}

fn member(value: &Value, field: &'static Field) -> Result<(), String> {
    match value {
        Value::Null => Ok(()),
        Value::Array(items) if field.list => items.iter().try_for_each(|item| single(item, field)),
        _ if field.list => Err(format!("cannot restore slice from {}", go_kind(value))),
        Value::Object(entries) if field.map => entries.values().try_for_each(|entry| single(entry, field)),
        _ if field.map => Err(format!("cannot restore map from {}", go_kind(value))),
        _ => single(value, field),
    }
}

fn single(value: &Value, field: &'static Field) -> Result<(), String> {
    let fits = match &field.ty {
        // Types that decode themselves report their own errors.
        Type::Message(_) if value.is_null() => true,
        Type::Message(message) if message.get().form == Form::Object => return restore(value, message.get()),
        Type::Message(_) => true,
        Type::String | Type::Bytes => value.is_string(),
        Type::Bool => value.is_boolean(),
        Type::Int32 | Type::Int64 | Type::Double => value.is_number(),
    };
    if fits || value.is_null() { Ok(()) } else { Err(format!("unrecognized type: {}", go_type(&field.ty))) }
}

/// Go's name for the kind of a value in a map that was decoded from JSON.
fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "invalid",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

fn go_type(ty: &Type) -> &'static str {
    match ty {
        Type::String => "string",
        Type::Bool => "bool",
        Type::Int32 => "int32",
        Type::Int64 => "int64",
        Type::Double => "float64",
        Type::Bytes => "slice",
        Type::Message(_) => "struct",
    }
}
