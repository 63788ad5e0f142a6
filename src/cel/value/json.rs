//! JSON as values, along what is declared, and values as JSON.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value as Json;

use super::{List, Map, Text, Value};
use crate::cel::declared::{Declared, Ordering, Shape};
use crate::cel::error::Error;
use crate::cel::library::time;

/// What stands below data that is not declared.
static DYNAMIC: Declared = Declared { shape: Shape::Dyn, max_size: None, min_bytes: 1 };

/// Reads JSON as what it is declared to be. Data of another kind, which the schema refuses anyway, is read as it is.
pub fn read<'a>(json: &'a Json, declared: &'a Declared) -> Result<Value<'a>, Error> {
    let value = match (json, &declared.shape) {
        (Json::Null, _) => Value::Null,
        (_, Shape::Optional(of)) => return read(json, of).map(Value::some),
        (Json::Array(items), Shape::List(of, order)) => Value::List(List::Json { items, declared: of, order }),
        (Json::Object(map), Shape::Map(of)) => Value::Map(Map::Json(map, of)),
        (Json::Object(map), Shape::Object(object)) => Value::Map(Map::Object(map, object)),
        (Json::Number(number), Shape::Double) => Value::Double(number.as_f64().unwrap_or_default()),
        (Json::Number(number), Shape::Uint) => Value::Uint(number.as_u64().unwrap_or_default()),
        (Json::Number(number), Shape::Int) => Value::Int(integer(number)),
        (Json::String(text), Shape::Bytes) => {
            let decoded = BASE64_STANDARD.decode(text);
            Value::Bytes(Arc::from(decoded.map_err(|_| Error::new(invalid(text, "byte")))?))
        }
        (Json::String(text), Shape::Timestamp) => {
            Value::Timestamp(time::lenient_timestamp(text).ok_or_else(|| Error::new(invalid(text, "date-time")))?)
        }
        (Json::String(text), Shape::Date) => {
            Value::Timestamp(time::start_of_day(text).ok_or_else(|| Error::new(invalid(text, "date")))?)
        }
        (Json::String(text), Shape::Duration) => {
            Value::Duration(time::lenient_duration(text).ok_or_else(|| Error::new(invalid(text, "duration")))?)
        }
        _ => as_it_is(json),
    };
    Ok(value)
}

fn invalid(text: &str, format: &str) -> String {
    format!("Invalid {format} formatted string {}", crate::text::go_quote(text))
}

fn as_it_is(json: &Json) -> Value<'_> {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) if number.is_f64() => Value::Double(number.as_f64().unwrap_or_default()),
        Json::Number(number) => Value::Int(integer(number)),
        Json::String(text) => Value::String(Text::Borrowed(text)),
        Json::Array(items) => Value::List(List::Json { items, declared: &DYNAMIC, order: &Ordering::Atomic }),
        Json::Object(map) => Value::Map(Map::Json(map, &DYNAMIC)),
    }
}

fn integer(number: &serde_json::Number) -> i64 {
    number.as_i64().unwrap_or_else(|| number.as_f64().unwrap_or_default() as i64)
}

/// Writes a value as JSON; `None` for what JSON cannot hold.
pub fn write(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(number) => Json::from(*number),
        Value::Uint(number) => Json::from(*number),
        Value::Double(number) => Json::Number(serde_json::Number::from_f64(*number)?),
        Value::String(text) => Json::from(&**text),
        Value::Bytes(bytes) => Json::from(BASE64_STANDARD.encode(bytes)),
        Value::Timestamp(_) | Value::Duration(_) => Json::from(value.to_text()?),
        Value::List(list) => {
            let items = list.iter().map(|item| write(&item.ok()?));
            Json::Array(items.collect::<Option<Vec<_>>>()?)
        }
        Value::Map(map) => {
            let mut object = serde_json::Map::new();
            for (key, value) in map.entries().ok()? {
                let name = match (&key, map) {
                    (Value::String(name), Map::Object(_, declared)) => declared.fields.get(&**name)?.key.clone(),
                    _ => key.to_text()?,
                };
                object.insert(name, write(&value)?);
            }
            Json::Object(object)
        }
        Value::Optional(Some(value)) => write(value)?,
        Value::Optional(None) | Value::Type(_) | Value::Library(_) => return None,
    })
}
