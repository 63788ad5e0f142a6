//! Whether a strategically patched object still fits its type. Such an object is not decoded from text, so the server
//! refuses it in the words of the converter that turns maps into structs.

use serde_json::Value;

use crate::{
    schema::{Form, ObjectType, Type},
    text::{json_type, time},
};

/// Checks an object, and cuts its numbers to the bits they have in Go; the error is the converter's.
pub fn restore(value: &mut Value, object: &ObjectType) -> Result<(), String> {
    let Value::Object(members) = value else {
        return Err(format!("cannot restore struct from: {}", go_kind(value)));
    };
    for (name, value) in members {
        if let Some(field) = object.field(name) {
            check(value, &field.ty)?;
        }
    }
    Ok(())
}

fn check(value: &mut Value, ty: &Type) -> Result<(), String> {
    let fits = match (&ty.form, &mut *value) {
        (_, Value::Null) => true,
        (Form::List(list), Value::Array(items)) => {
            return items.iter_mut().try_for_each(|item| check(item, &list.items));
        }
        (Form::List(_), other) => return Err(format!("cannot restore slice from {}", go_kind(other))),
        (Form::Map(values), Value::Object(entries)) => return entries.values_mut().try_for_each(|v| check(v, values)),
        (Form::Map(_), other) => return Err(format!("cannot restore map from {}", go_kind(other))),
        (Form::Object(object), value) => return restore(value, object),
        // Go turns any whole number into a text of one character, which the converter then refuses by itself.
        (Form::String, Value::Number(number)) if !number.is_f64() => {
            return Err("cannot convert int64 to string".to_owned());
        }
        (Form::Bytes, value) if !value.is_string() => {
            return Err(format!("cannot restore slice from {}", go_kind(value)));
        }
        (Form::Time | Form::MicroTime, value) if !value.is_string() => {
            return Err(format!("json: cannot unmarshal {} into Go value of type string", json_type(value)));
        }
        (Form::Time, Value::String(text)) => return time::parse(text).map(drop),
        (Form::MicroTime, Value::String(text)) => return time::parse_micro(text).map(drop),
        (Form::String | Form::Bytes, value) => value.is_string(),
        (Form::Bool, value) => value.is_boolean(),
        (Form::Int32, Value::Number(number)) if number.is_i64() => {
            // The conversion keeps the lower half of a number that needs more.
            *value = value.as_i64().map(|number| number as i32).into();
            true
        }
        (Form::Int32 | Form::Int64 | Form::Double, value) => value.is_number(),
        // Types that decode themselves report their own errors.
        _ => true,
    };
    if fits { Ok(()) } else { Err(format!("unrecognized type: {}", go_type(&ty.form))) }
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

/// Go's name for the kind of a scalar.
fn go_type(form: &Form) -> &'static str {
    match form {
        Form::String => "string",
        Form::Bool => "bool",
        Form::Int32 => "int32",
        Form::Int64 => "int64",
        Form::Double => "float64",
        Form::Bytes => "slice",
        _ => "struct",
    }
}
