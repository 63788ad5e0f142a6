//! Protobuf to JSON values, in the form in which the JSON decoder would leave them.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    DecodeError, Envelope,
    bytes::{Fields, Payload},
};
use crate::{
    schema::{Either, Field, Form, ObjectType, Type},
    text::{duration, quantity, time},
    wire::{
        decode::{finish, slots, zero},
        json,
    },
};

/// Deeper nesting is refused, so that no input can exhaust the stack.
const MAX_DEPTH: usize = 120;

/// Reads `runtime.Unknown`.
pub fn envelope(unknown: &[u8]) -> Result<Envelope<'_>, DecodeError> {
    let mut found = Envelope { api_version: String::new(), kind: String::new(), raw: &[] };
    let mut fields = Fields::new(unknown);
    while let Some((number, payload)) = fields.next()? {
        match (number, payload) {
            (1, Payload::Bytes(type_meta)) => {
                let mut fields = Fields::new(type_meta);
                while let Some((number, payload)) = fields.next()? {
                    match (number, payload) {
                        (1, Payload::Bytes(text)) => found.api_version = string(text),
                        (2, Payload::Bytes(text)) => found.kind = string(text),
                        _ => {}
                    }
                }
            }
            (2, Payload::Bytes(raw)) => found.raw = raw,
            _ => {}
        }
    }
    Ok(found)
}

/// Reads an object.
pub fn object(raw: &[u8], ty: &ObjectType) -> Result<Map<String, Value>, DecodeError> {
    nested_object(raw, ty, 0)
}

fn nested_object(raw: &[u8], ty: &ObjectType, depth: usize) -> Result<Map<String, Value>, DecodeError> {
    let mut found = slots(ty);
    collect(raw, ty, &[], &mut found, depth)?;
    for (slot, _) in found.iter_mut().zip(ty.fields()).filter(|(_, field)| field.ty.values().is_some()) {
        if let Some(Value::Object(entries)) = slot {
            entries.sort_keys();
        }
    }
    Ok(finish(ty, found, false))
}

/// Reads the fields of an object, or of a struct that is embedded in it through `within`, into their slots.
fn collect(
    raw: &[u8],
    ty: &ObjectType,
    within: &[u32],
    found: &mut [Option<Value>],
    depth: usize,
) -> Result<(), DecodeError> {
    if depth > MAX_DEPTH {
        return Err(DecodeError("exceeded max depth".to_owned()));
    }
    let through = |field: &Field, path: &[u32]| {
        field.embedded.len() >= path.len() && field.embedded.iter().zip(path).all(|(e, number)| e.number == *number)
    };
    let mut fields = Fields::new(raw);
    while let Some((number, payload)) = fields.next()? {
        let here = |f: &Field| f.number == number && f.embedded.len() == within.len() && through(f, within);
        if let Some(index) = ty.fields().iter().position(here) {
            add(&mut found[index], payload, &ty.fields()[index], depth)?;
        } else if let Payload::Bytes(raw) = payload {
            let deeper = [within, &[number]].concat();
            if ty.fields().iter().any(|field| through(field, &deeper)) {
                collect(raw, ty, &deeper, found, depth + 1)?;
            }
        }
    }
    Ok(())
}

/// Adds one occurrence of a field to what is there.
fn add(slot: &mut Option<Value>, payload: Payload<'_>, field: &Field, depth: usize) -> Result<(), DecodeError> {
    match &field.ty.form {
        Form::List(list) if !list.wrapped => {
            let Value::Array(items) = slot.get_or_insert_with(|| Value::Array(Vec::new())) else {
                unreachable!("the slot of a list holds a list")
            };
            match (payload, &list.items.form) {
                (Payload::Bytes(packed), Form::Bool | Form::Int32 | Form::Int64) => {
                    let mut packed = Fields::new(packed);
                    while let Some(number) = packed.next_packed()? {
                        let item = single(Payload::Varint(number), field, &list.items, depth)?;
                        items.push(item.unwrap_or_default());
                    }
                }
                _ => {
                    let item = single(payload, field, &list.items, depth)?;
                    items.push(item.unwrap_or_else(|| zero(&list.items, false)));
                }
            }
        }
        Form::Map(values) => {
            let (key, value) = entry(payload, field, values, depth)?;
            let Value::Object(entries) = slot.get_or_insert_with(|| Value::Object(Map::new())) else {
                unreachable!("the slot of a map holds a map")
            };
            entries.insert(key, value);
        }
        _ => *slot = single(payload, field, &field.ty, depth)?,
    }
    Ok(())
}

fn entry(payload: Payload<'_>, field: &Field, ty: &Type, depth: usize) -> Result<(String, Value), DecodeError> {
    let (mut key, mut value) = (String::new(), None);
    let mut fields = Fields::new(delimited(payload, field)?);
    while let Some((number, payload)) = fields.next()? {
        match number {
            1 => key = string(delimited(payload, field)?),
            2 => value = single(payload, field, ty, depth)?,
            _ => {}
        }
    }
    Ok((key, value.unwrap_or_else(|| zero(ty, false))))
}

/// One value; `None` for an empty message that means "unset".
fn single(payload: Payload<'_>, field: &Field, ty: &Type, depth: usize) -> Result<Option<Value>, DecodeError> {
    Ok(Some(match (&ty.form, payload) {
        (Form::Bool, Payload::Varint(n)) => (n != 0).into(),
        (Form::Int32, Payload::Varint(n)) => (n as i32).into(),
        (Form::Int64, Payload::Varint(n)) => (n as i64).into(),
        (Form::Double, Payload::Fixed64(bits)) => f64::from_bits(bits).into(),
        (Form::Bool | Form::Int32 | Form::Int64 | Form::Double, other) => return Err(wrong_wire_type(other, field)),
        (Form::String, payload) => string(delimited(payload, field)?).into(),
        (Form::Bytes, payload) => STANDARD.encode(delimited(payload, field)?).into(),
        (_, payload) => return message(delimited(payload, field)?, field, ty, depth + 1),
    }))
}

/// A value that is a message in protobuf. A list here is a message whose field 1 are the items.
fn message(raw: &[u8], field: &Field, ty: &Type, depth: usize) -> Result<Option<Value>, DecodeError> {
    let value = match &ty.form {
        Form::Object(object) => nested_object(raw, object, depth)?.into(),
        Form::Time => return Ok(instant(raw)?.map(|t| time::rfc3339(t).into())),
        Form::MicroTime => return Ok(instant(raw)?.map(|t| time::rfc3339_micro(t).into())),
        Form::Duration => duration::format(first_varint(raw)? as i64).into(),
        Form::Quantity => {
            let text = last_text(raw)?;
            let text = if text.is_empty() { "0".to_owned() } else { text };
            quantity::canonical(&text).map_err(|e| DecodeError(e.to_owned()))?.into()
        }
        Form::IntOrString => int_or_string(raw)?,
        Form::List(list) => {
            let mut items = Vec::new();
            let mut fields = Fields::new(raw);
            while let Some((number, payload)) = fields.next()? {
                if number == 1 {
                    items.extend(single(payload, field, &list.items, depth)?);
                }
            }
            items.into()
        }
        Form::Either(either) => return read_either(raw, field, either, depth),
        // Only built-in types are read, and these have no maps within lists or maps.
        _ => return any(raw),
    };
    Ok(Some(value))
}

fn read_either(raw: &[u8], field: &Field, ty: &Either, depth: usize) -> Result<Option<Value>, DecodeError> {
    let (mut object, mut items, mut other) = (None, Vec::new(), None);
    let mut fields = Fields::new(raw);
    while let Some((number, payload)) = fields.next()? {
        match &ty.other.form {
            _ if number == ty.object_number => {
                object = Some(Value::Object(nested_object(delimited(payload, field)?, &ty.object, depth)?));
            }
            Form::List(list) if number == ty.other_number => items.extend(single(payload, field, &list.items, depth)?),
            _ if number == ty.other_number => other = single(payload, field, &ty.other, depth)?,
            _ => {}
        }
    }
    let list = (!items.is_empty()).then(|| Value::Array(items));
    Ok(object.or(list).or(other))
}

fn instant(raw: &[u8]) -> Result<Option<Timestamp>, DecodeError> {
    let (mut seconds, mut nanos) = (None, 0);
    let mut fields = Fields::new(raw);
    while let Some((number, payload)) = fields.next()? {
        match (number, payload) {
            (1, Payload::Varint(n)) => seconds = Some(n as i64),
            (2, Payload::Varint(n)) => nanos = n as i32,
            _ => {}
        }
    }
    if raw.is_empty() {
        return Ok(None);
    }
    let time = Timestamp::new(seconds.unwrap_or_default(), nanos);
    time.map(Some).map_err(|_| DecodeError("time is out of range".to_owned()))
}

fn int_or_string(raw: &[u8]) -> Result<Value, DecodeError> {
    let (mut is_string, mut number, mut text) = (false, 0, String::new());
    let mut fields = Fields::new(raw);
    while let Some(field) = fields.next()? {
        match field {
            (1, Payload::Varint(n)) => is_string = n != 0,
            (2, Payload::Varint(n)) => number = n as i32,
            (3, Payload::Bytes(bytes)) => text = string(bytes),
            _ => {}
        }
    }
    Ok(if is_string { text.into() } else { number.into() })
}

/// JSON within protobuf.
fn any(raw: &[u8]) -> Result<Option<Value>, DecodeError> {
    let mut value = None;
    let mut fields = Fields::new(raw);
    while let Some((number, payload)) = fields.next()? {
        if let (1, Payload::Bytes(text)) = (number, payload)
            && !text.is_empty()
        {
            value = Some(json::parse(text).map_err(DecodeError)?.into_value());
        }
    }
    Ok(value)
}

fn last_text(raw: &[u8]) -> Result<String, DecodeError> {
    let mut found = String::new();
    let mut fields = Fields::new(raw);
    while let Some((number, payload)) = fields.next()? {
        if let (1, Payload::Bytes(text)) = (number, payload) {
            found = string(text);
        }
    }
    Ok(found)
}

fn first_varint(raw: &[u8]) -> Result<u64, DecodeError> {
    match Fields::new(raw).next()? {
        Some((1, Payload::Varint(n))) => Ok(n),
        _ => Ok(0),
    }
}

fn delimited<'a>(payload: Payload<'a>, field: &Field) -> Result<&'a [u8], DecodeError> {
    match payload {
        Payload::Bytes(bytes) => Ok(bytes),
        other => Err(wrong_wire_type(other, field)),
    }
}

fn wrong_wire_type(payload: Payload<'_>, field: &Field) -> DecodeError {
    let wire = match payload {
        Payload::Varint(_) => 0,
        Payload::Fixed64(_) => 1,
        Payload::Bytes(_) => 2,
        Payload::Fixed32(_) => 5,
    };
    let name: String =
        field.name.chars().enumerate().map(|(i, c)| if i == 0 { c.to_ascii_uppercase() } else { c }).collect();
    DecodeError(format!("proto: wrong wireType = {wire} for field {name}"))
}

fn string(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
