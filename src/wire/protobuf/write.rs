//! JSON values to protobuf, as Go's encoder writes them: non-pointer fields always, in the order of their numbers.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use super::bytes::{blob, fixed64, nested, text, varint};
use crate::{
    schema::{Field, Form, Message, Type},
    text::{duration, time},
    wire::json,
};

/// Writes a message of any form.
pub fn message(out: &mut Vec<u8>, value: &Value, message: &Message) {
    match message.form {
        Form::Object => object(out, value.as_object(), message),
        Form::Time => instant(out, value.as_str().and_then(|s| time::parse(s).ok())),
        Form::MicroTime => instant(out, value.as_str().and_then(|s| time::parse_micro(s).ok())),
        Form::Quantity => text(out, 1, value.as_str().unwrap_or("0")),
        Form::Duration => varint(out, 1, duration::parse(value.as_str().unwrap_or("0")).unwrap_or_default() as u64),
        Form::IntOrString => {
            varint(out, 1, value.is_string().into());
            varint(out, 2, value.as_i64().unwrap_or_default() as u64);
            text(out, 3, value.as_str().unwrap_or_default());
        }
        Form::Strings => {
            for item in value.as_array().into_iter().flatten() {
                text(out, 1, item.as_str().unwrap_or_default());
            }
        }
        Form::Any if value.is_null() => {}
        Form::Any => blob(out, 1, &json::to_json(value)),
    }
}

fn instant(out: &mut Vec<u8>, time: Option<jiff::Timestamp>) {
    if let Some(time) = time {
        varint(out, 1, time.as_second() as u64);
        varint(out, 2, time.subsec_nanosecond() as u64);
    }
}

fn object(out: &mut Vec<u8>, members: Option<&Map<String, Value>>, message: &Message) {
    fields(out, members, message, None);
}

/// Writes the fields that stand in the message itself, or in one embedded struct of it.
fn fields(out: &mut Vec<u8>, members: Option<&Map<String, Value>>, message: &Message, within: Option<u32>) {
    let mut numbered: Vec<(u32, Option<&Field>)> = message
        .fields
        .iter()
        .filter(|f| f.number > 0)
        .filter_map(|f| match f.embedded {
            None if within.is_none() => Some((f.number, Some(f))),
            Some(embedded) if within == Some(embedded.number) => Some((f.number, Some(f))),
            Some(embedded) if within.is_none() => Some((embedded.number, None)),
            _ => None,
        })
        .collect();
    numbered.sort_by_key(|(number, _)| *number);
    numbered.dedup_by_key(|(number, _)| *number);
    for (number, field) in numbered {
        match field {
            Some(field) => write_field(out, members.and_then(|m| m.get(field.name)), field),
            None => nested(out, number, |out| fields(out, members, message, Some(number))),
        }
    }
}

fn write_field(out: &mut Vec<u8>, value: Option<&Value>, field: &Field) {
    let value = value.unwrap_or(&Value::Null);
    if field.list {
        for item in value.as_array().into_iter().flatten() {
            single(out, field.number, item, field);
        }
    } else if field.map {
        let mut entries: Vec<_> = value.as_object().into_iter().flatten().collect();
        entries.sort_by_key(|(key, _)| *key);
        for (key, value) in entries {
            nested(out, field.number, |entry| {
                text(entry, 1, key);
                single(entry, 2, value, field);
            });
        }
    } else if !value.is_null() || !may_be_absent(field) {
        single(out, field.number, value, field);
    }
}

/// Whether nothing is written for a field without a value.
fn may_be_absent(field: &Field) -> bool {
    field.ptr || matches!(field.ty, Type::Bytes) || field.message().is_some_and(|m| m.form == Form::Strings)
}

fn single(out: &mut Vec<u8>, number: u32, value: &Value, field: &Field) {
    match &field.ty {
        Type::String => text(out, number, value.as_str().unwrap_or_default()),
        Type::Bool => varint(out, number, value.as_bool().unwrap_or_default().into()),
        Type::Int32 | Type::Int64 => varint(out, number, value.as_i64().unwrap_or_default() as u64),
        Type::Double => fixed64(out, number, value.as_f64().unwrap_or_default().to_bits()),
        Type::Bytes => blob(out, number, &STANDARD.decode(value.as_str().unwrap_or_default()).unwrap_or_default()),
        Type::Message(reference) => nested(out, number, |out| message(out, value, reference.get())),
    }
}
