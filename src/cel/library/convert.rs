//! Conversions between types.

use std::sync::Arc;

use super::{Row, time};
use crate::cel::error::Error;
use crate::cel::value::Value;

type Outcome<'a> = Result<Value<'a>, Error>;

/// 2 to the power of 63 and of 64: the first whole numbers that no longer fit.
const INT_END: f64 = 9_223_372_036_854_775_808.0;
const UINT_END: f64 = 18_446_744_073_709_551_616.0;

pub const FUNCTIONS: &[Row] = &[
    (&["type(A) type(A)"], |args| match args {
        [value] => Ok(Value::Type(value.type_of())),
        _ => Err(Error::no_such_overload()),
    }),
    (&["dyn(A) dyn"], |args| match args {
        [value] => Ok(value.clone()),
        _ => Err(Error::no_such_overload()),
    }),
    (&["bool(bool) bool", "bool(string) bool"], |args| match args {
        [Value::Bool(value)] => Ok(Value::Bool(*value)),
        [Value::String(text)] => match &**text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Value::Bool(false)),
            _ => Err(Error::conversion("string", "bool")),
        },
        _ => Err(Error::no_such_overload()),
    }),
    (&["bytes(bytes) bytes", "bytes(string) bytes"], |args| match args {
        [Value::Bytes(bytes)] => Ok(Value::Bytes(bytes.clone())),
        [Value::String(text)] => Ok(Value::Bytes(Arc::from(text.as_bytes()))),
        _ => Err(Error::no_such_overload()),
    }),
    (&["double(double) double", "double(int) double", "double(string) double", "double(uint) double"], double),
    (&["int(int) int", "int(double) int", "int(string) int", "int(timestamp) int", "int(uint) int"], int),
    (&["uint(uint) uint", "uint(double) uint", "uint(int) uint", "uint(string) uint"], uint),
    (
        &[
            "string(string) string",
            "string(bool) string",
            "string(bytes) string",
            "string(double) string",
            "string(duration) string",
            "string(int) string",
            "string(timestamp) string",
            "string(uint) string",
            "string(ip) string",
            "string(cidr) string",
        ],
        |args| match args {
            [Value::Bytes(bytes)] => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Value::string(text)),
                Err(_) => Err(Error::new("invalid UTF-8 in bytes, cannot convert to string")),
            },
            [Value::List(_) | Value::Map(_) | Value::Null | Value::Type(_)] => Err(Error::no_such_overload()),
            [text @ Value::String(_)] => Ok(text.clone()),
            [value] => value.to_text().map(Value::string).ok_or_else(Error::no_such_overload),
            _ => Err(Error::no_such_overload()),
        },
    ),
    (&["duration(duration) duration", "duration(int) duration", "duration(string) duration"], |args| match args {
        [Value::Duration(nanos)] => Ok(Value::Duration(*nanos)),
        [Value::Int(nanos)] => Ok(Value::Duration(*nanos)),
        [Value::String(text)] => match time::parse_duration(text) {
            Some(nanos) => Ok(Value::Duration(nanos)),
            None => Err(Error::conversion("string", "google.protobuf.Duration")),
        },
        _ => Err(Error::no_such_overload()),
    }),
    (
        &["timestamp(timestamp) timestamp", "timestamp(int) timestamp", "timestamp(string) timestamp"],
        |args| match args {
            [Value::Timestamp(at)] => Ok(Value::Timestamp(*at)),
            [Value::Int(seconds)] => time::from_seconds(*seconds),
            [Value::String(text)] => match time::parse_timestamp(text) {
                Some(at) => Ok(Value::Timestamp(at)),
                None => Err(Error::conversion("string", "google.protobuf.Timestamp")),
            },
            _ => Err(Error::no_such_overload()),
        },
    ),
];

fn double<'a>(args: &[Value<'a>]) -> Outcome<'a> {
    match args {
        [Value::Double(number)] => Ok(Value::Double(*number)),
        [Value::Int(number)] => Ok(Value::Double(*number as f64)),
        [Value::Uint(number)] => Ok(Value::Double(*number as f64)),
        [Value::String(text)] => match text.parse() {
            Ok(number) => Ok(Value::Double(number)),
            Err(_) => Err(Error::conversion("string", "double")),
        },
        _ => Err(Error::no_such_overload()),
    }
}

fn int<'a>(args: &[Value<'a>]) -> Outcome<'a> {
    let overflow = || Error::new("integer overflow");
    match args {
        [Value::Int(number)] => Ok(Value::Int(*number)),
        [Value::Uint(number)] => i64::try_from(*number).map(Value::Int).map_err(|_| overflow()),
        // The smallest integer is a double, but the largest is not; both are refused.
        [Value::Double(number)] if *number > -INT_END && *number < INT_END => Ok(Value::Int(*number as i64)),
        [Value::Double(_)] => Err(overflow()),
        [Value::Timestamp(at)] => Ok(Value::Int(time::to_seconds(*at))),
        [Value::String(text)] => match crate::text::integer::parse_int(text) {
            Ok(number) => Ok(Value::Int(number)),
            Err(_) => Err(Error::conversion("string", "int")),
        },
        _ => Err(Error::no_such_overload()),
    }
}

fn uint<'a>(args: &[Value<'a>]) -> Outcome<'a> {
    let overflow = || Error::new("unsigned integer overflow");
    match args {
        [Value::Uint(number)] => Ok(Value::Uint(*number)),
        [Value::Int(number)] => u64::try_from(*number).map(Value::Uint).map_err(|_| overflow()),
        [Value::Double(number)] if *number >= 0.0 && *number < UINT_END => Ok(Value::Uint(*number as u64)),
        [Value::Double(_)] => Err(overflow()),
        [Value::String(text)] => match crate::text::integer::parse_uint(text) {
            Ok(number) => Ok(Value::Uint(number)),
            Err(_) => Err(Error::conversion("string", "uint")),
        },
        _ => Err(Error::no_such_overload()),
    }
}
