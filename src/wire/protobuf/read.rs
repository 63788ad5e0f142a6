//! Protobuf to JSON values, in the form in which the JSON decoder would leave them.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    DecodeError, Envelope,
    bytes::{Fields, Payload},
};
use crate::{
    schema::{Field, Form, Message, Type},
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

/// Reads a message whose JSON is an object.
pub fn message(raw: &[u8], message: &'static Message) -> Result<Map<String, Value>, DecodeError> {
    object(raw, message, 0)
}

fn object(raw: &[u8], message: &'static Message, depth: usize) -> Result<Map<String, Value>, DecodeError> {
    let mut found = slots(message);
    collect(raw, message, None, &mut found, depth)?;
    for (slot, _) in found.iter_mut().zip(&message.fields).filter(|(_, field)| field.map) {
        if let Some(Value::Object(entries)) = slot {
            entries.sort_keys();
        }
    }
    Ok(finish(message, found, false))
}

/// Reads the fields of a message, or of one embedded struct of it, into their slots.
fn collect(
    raw: &[u8],
    message: &'static Message,
    within: Option<u32>,
    found: &mut [Option<Value>],
    depth: usize,
) -> Result<(), DecodeError> {
    if depth > MAX_DEPTH {
        return Err(DecodeError("exceeded max depth".to_owned()));
    }
    let mut fields = Fields::new(raw);
    while let Some((number, payload)) = fields.next()? {
        let here = |f: &&Field| f.number == number && f.embedded.map(|e| e.number) == within;
        if let Some(index) = message.fields.iter().position(|f| here(&f)) {
            add(&mut found[index], payload, &message.fields[index], depth)?;
        } else if within.is_none()
            && let Payload::Bytes(raw) = payload
            && message.fields.iter().any(|f| f.embedded.is_some_and(|e| e.number == number))
        {
            collect(raw, message, Some(number), found, depth + 1)?;
        }
    }
    Ok(())
}

/// Adds one occurrence of a field to what is there.
fn add(slot: &mut Option<Value>, payload: Payload<'_>, field: &'static Field, depth: usize) -> Result<(), DecodeError> {
    if field.list {
        let Value::Array(items) = slot.get_or_insert_with(|| Value::Array(Vec::new())) else {
            unreachable!("the slot of a list holds a list")
        };
        match (payload, &field.ty) {
            (Payload::Bytes(packed), Type::Bool | Type::Int32 | Type::Int64) => {
                let mut packed = Fields::new(packed);
                while let Some(number) = packed.next_packed()? {
                    items.push(single(Payload::Varint(number), field, depth)?.unwrap_or_default());
                }
            }
            _ => items.push(single(payload, field, depth)?.unwrap_or_else(|| zero(field, false))),
        }
    } else if field.map {
        let (key, value) = entry(payload, field, depth)?;
        let Value::Object(entries) = slot.get_or_insert_with(|| Value::Object(Map::new())) else {
            unreachable!("the slot of a map holds a map")
        };
        entries.insert(key, value);
    } else {
        *slot = single(payload, field, depth)?;
    }
    Ok(())
}

fn entry(payload: Payload<'_>, field: &'static Field, depth: usize) -> Result<(String, Value), DecodeError> {
    let (mut key, mut value) = (String::new(), None);
    let mut fields = Fields::new(delimited(payload, field)?);
    while let Some((number, payload)) = fields.next()? {
        match number {
            1 => key = string(delimited(payload, field)?),
            2 => value = single(payload, field, depth)?,
            _ => {}
        }
    }
    Ok((key, value.unwrap_or_else(|| zero(field, false))))
}

/// One value; `None` for an empty message that means "unset".
fn single(payload: Payload<'_>, field: &'static Field, depth: usize) -> Result<Option<Value>, DecodeError> {
    Ok(Some(match (&field.ty, payload) {
        (Type::Bool, Payload::Varint(n)) => (n != 0).into(),
        (Type::Int32, Payload::Varint(n)) => (n as i32).into(),
        (Type::Int64, Payload::Varint(n)) => (n as i64).into(),
        (Type::Double, Payload::Fixed64(bits)) => f64::from_bits(bits).into(),
        (Type::String, payload) => string(delimited(payload, field)?).into(),
        (Type::Bytes, payload) => STANDARD.encode(delimited(payload, field)?).into(),
        (Type::Message(reference), payload) => {
            return special(delimited(payload, field)?, reference.get(), depth + 1);
        }
        _ => return Err(wrong_wire_type(payload, field)),
    }))
}

fn special(raw: &[u8], message: &'static Message, depth: usize) -> Result<Option<Value>, DecodeError> {
    let value = match message.form {
        Form::Object => object(raw, message, depth)?.into(),
        Form::Time => return Ok(instant(raw)?.map(|t| time::rfc3339(t).into())),
        Form::MicroTime => return Ok(instant(raw)?.map(|t| time::rfc3339_micro(t).into())),
        Form::Duration => duration::format(first_varint(raw)? as i64).into(),
        Form::Quantity => {
            let text = texts(raw, 1)?.pop().unwrap_or_default();
            let text = if text.is_empty() { "0".to_owned() } else { text };
            quantity::canonical(&text).map_err(|e| DecodeError(e.to_owned()))?.into()
        }
        Form::IntOrString => int_or_string(raw)?,
        Form::Strings => texts(raw, 1)?.into(),
        Form::Any => return any(raw),
    };
    Ok(Some(value))
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

fn texts(raw: &[u8], wanted: u32) -> Result<Vec<String>, DecodeError> {
    let mut found = Vec::new();
    let mut fields = Fields::new(raw);
    while let Some((number, payload)) = fields.next()? {
        if let Payload::Bytes(text) = payload
            && number == wanted
        {
            found.push(string(text));
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
