//! JSON values to protobuf, as Go's encoder writes them: non-pointer fields always, in the order of their numbers.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use super::bytes::{blob, fixed64, nested, text, varint};
use crate::{
    schema::{Field, Form, ObjectType, Type},
    text::{duration, time},
    wire::json,
};

/// Writes an object.
pub fn object(out: &mut Vec<u8>, value: &Value, object: &ObjectType) {
    fields(out, value.as_object(), object, &[]);
}

/// Writes the fields that stand in the object itself, or in one struct that is embedded in it through `within`.
fn fields(out: &mut Vec<u8>, members: Option<&Map<String, Value>>, object: &ObjectType, within: &[u32]) {
    let is_within = |field: &Field| {
        let numbers = field.embedded.iter().map(|embedded| embedded.number);
        field.embedded.len() >= within.len() && numbers.zip(within).all(|(number, wanted)| number == *wanted)
    };
    let mut numbered: Vec<(u32, Option<&Field>)> = Vec::with_capacity(object.fields().len());
    for field in object.fields().iter().filter(|field| field.number > 0 && is_within(field)) {
        match field.embedded.get(within.len()) {
            None => numbered.push((field.number, Some(field))),
            Some(embedded) => numbered.push((embedded.number, None)),
        }
    }
    numbered.sort_by_key(|(number, _)| *number);
    numbered.dedup_by_key(|(number, _)| *number);
    for (number, field) in numbered {
        match field {
            Some(field) => write_field(out, members.and_then(|m| m.get(&*field.name)), field),
            None => nested(out, number, |out| fields(out, members, object, &[within, &[number]].concat())),
        }
    }
}

fn write_field(out: &mut Vec<u8>, value: Option<&Value>, field: &Field) {
    let value = value.unwrap_or(&Value::Null);
    match &field.ty.form {
        Form::List(list) if !list.wrapped => {
            for item in value.as_array().into_iter().flatten() {
                single(out, field.number, item, &list.items);
            }
        }
        Form::Map(values) => {
            let mut entries: Vec<_> = value.as_object().into_iter().flatten().collect();
            entries.sort_by_key(|(key, _)| *key);
            for (key, value) in entries {
                nested(out, field.number, |entry| {
                    text(entry, 1, key);
                    single(entry, 2, value, values);
                });
            }
        }
        _ if !value.is_null() || !may_be_absent(field) => single(out, field.number, value, &field.ty),
        _ => {}
    }
}

/// Whether nothing is written for a field without a value.
fn may_be_absent(field: &Field) -> bool {
    field.ptr || matches!(field.ty.form, Form::Bytes | Form::List(_))
}

/// Writes one value. A list here is a message whose field 1 are the items.
fn single(out: &mut Vec<u8>, number: u32, value: &Value, ty: &Type) {
    match &ty.form {
        Form::String => text(out, number, value.as_str().unwrap_or_default()),
        Form::Bool => varint(out, number, value.as_bool().unwrap_or_default().into()),
        Form::Int32 | Form::Int64 => varint(out, number, value.as_i64().unwrap_or_default() as u64),
        Form::Double => fixed64(out, number, value.as_f64().unwrap_or_default().to_bits()),
        Form::Bytes => blob(out, number, &STANDARD.decode(value.as_str().unwrap_or_default()).unwrap_or_default()),
        _ => nested(out, number, |out| message(out, value, ty)),
    }
}

/// Writes a value that is a message in protobuf.
fn message(out: &mut Vec<u8>, value: &Value, ty: &Type) {
    let string = value.as_str();
    match &ty.form {
        Form::Object(inner) => object(out, value, inner),
        Form::Time => instant(out, string.and_then(|s| time::parse(s).ok())),
        Form::MicroTime => instant(out, string.and_then(|s| time::parse_micro(s).ok())),
        Form::Quantity => text(out, 1, string.unwrap_or("0")),
        Form::Duration => varint(out, 1, duration::parse(string.unwrap_or("0")).unwrap_or_default() as u64),
        Form::IntOrString => {
            varint(out, 1, value.is_string().into());
            varint(out, 2, value.as_i64().unwrap_or_default() as u64);
            text(out, 3, string.unwrap_or_default());
        }
        Form::List(list) => {
            for item in value.as_array().into_iter().flatten() {
                single(out, 1, item, &list.items);
            }
        }
        Form::Either(either) => {
            let whole = |out: &mut Vec<u8>| {
                if value.is_object() {
                    nested(out, either.object_number, |out| object(out, value, &either.object));
                }
            };
            if either.object_number < either.other_number {
                whole(out);
            }
            match &either.other.form {
                Form::List(list) => {
                    for item in value.as_array().into_iter().flatten() {
                        single(out, either.other_number, item, &list.items);
                    }
                }
                // A schema stands for `true`, too.
                _ => varint(out, either.other_number, (value.is_object() || value == &Value::Bool(true)).into()),
            }
            if either.object_number > either.other_number {
                whole(out);
            }
        }
        Form::Any if value.is_null() => {}
        // Only built-in types are written, and these have no maps within lists or maps.
        _ => blob(out, 1, &json::to_json(value)),
    }
}

fn instant(out: &mut Vec<u8>, time: Option<jiff::Timestamp>) {
    if let Some(time) = time {
        varint(out, 1, time.as_second() as u64);
        varint(out, 2, time.subsec_nanosecond() as u64);
    }
}
