//! Values as text: `string(…)`, and the clauses of `format`.

use super::{Library, time};
use crate::cel::error::Error;
use crate::cel::value::Value;

/// The most bytes of a string that a function makes.
pub const LARGEST_TEXT: usize = 16 * 1024 * 1024;

/// The most digits after the point.
const MOST_DIGITS: usize = 100;

/// The text that `string(…)` makes of a value, and that errors show of it; `None` for what has none.
pub fn text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Double(number) => double(*number),
        Value::String(text) => (**text).to_owned(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Timestamp(at) => time::format_timestamp(*at),
        Value::Duration(nanos) => time::format_duration(*nanos),
        Value::Type(of) => of.bare_name(),
        Value::Library(Library::Ip(ip)) => ip.to_string(),
        Value::Library(Library::Cidr(cidr)) => format!("{}/{}", cidr.address, cidr.length),
        Value::List(_) | Value::Map(_) | Value::Optional(_) | Value::Library(_) => return None,
    })
}

/// A number with the fewest digits that read back as the same, with an exponent where it is large or small.
pub fn double(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let text = format!("{number:e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if number != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    number.to_string()
}

/// Fills in the clauses of a format string.
pub fn format(template: &str, values: &[Value]) -> Result<String, Error> {
    let mut out = String::with_capacity(template.len());
    let mut values = values.iter().enumerate();
    let mut rest = template;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let (precision, after) = precision(rest)?;
        let Some(clause) = after.chars().next() else {
            return Err(Error::new("unexpected end of string"));
        };
        rest = &after[clause.len_utf8()..];
        if !"sdfebxXo".contains(clause) {
            let why = format!("could not parse formatting clause: unrecognized formatting clause \"{clause}\"");
            return Err(Error::new(why));
        }
        let Some((_, value)) = values.next() else {
            return Err(Error::new(format!("index {} out of range", out_of_range(template, rest))));
        };
        let formatted = formatted(clause, precision, value);
        out.push_str(&formatted.map_err(|why| Error::new(format!("error during formatting: {why}")))?);
        if out.len() > LARGEST_TEXT {
            return Err(Error::new(format!("result is larger than {} bytes", LARGEST_TEXT)));
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// The number of the clause that ends where `rest` begins, from 0.
fn out_of_range(template: &str, rest: &str) -> usize {
    template[..template.len() - rest.len()].replace("%%", "").matches('%').count().saturating_sub(1)
}

fn precision(rest: &str) -> Result<(Option<usize>, &str), Error> {
    let Some(after) = rest.strip_prefix('.') else { return Ok((None, rest)) };
    let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    match after[..end].parse::<usize>() {
        Ok(digits) if digits <= MOST_DIGITS => Ok((Some(digits), &after[end..])),
        Ok(digits) => Err(Error::new(format!("precision {digits} exceeds maximum allowed precision {MOST_DIGITS}"))),
        Err(_) => Err(Error::new("error while parsing precision: error while converting precision to integer")),
    }
}

fn formatted(clause: char, precision: Option<usize>, value: &Value) -> Result<String, String> {
    let given = || value.type_name();
    match (clause, value) {
        ('s', value) => shown(value),
        ('d', Value::Int(_) | Value::Uint(_)) => shown(value),
        ('d', _) => number_or(value, || format!("decimal clause can only be used on integers, was given {}", given())),
        ('f', Value::Double(number)) if number.is_finite() => Ok(format!("{number:.*}", precision.unwrap_or(6))),
        ('e', Value::Double(number)) if number.is_finite() => Ok(exponent(*number, precision.unwrap_or(6))),
        ('f' | 'e', Value::Int(number)) => formatted(clause, precision, &Value::Double(*number as f64)),
        ('f' | 'e', Value::Uint(number)) => formatted(clause, precision, &Value::Double(*number as f64)),
        ('f' | 'e', _) => number_or(value, || {
            let name = if clause == 'f' { "fixed-point" } else { "scientific" };
            format!("{name} clause can only be used on doubles, was given {}", given())
        }),
        ('b', Value::Bool(value)) => Ok(u8::from(*value).to_string()),
        ('b', Value::Int(number)) => Ok(signed(*number, |size| format!("{size:b}"))),
        ('b', Value::Uint(number)) => Ok(format!("{number:b}")),
        ('b', _) => Err(format!("only integers and bools can be formatted as binary, was given {}", given())),
        ('o', Value::Int(number)) => Ok(signed(*number, |size| format!("{size:o}"))),
        ('o', Value::Uint(number)) => Ok(format!("{number:o}")),
        ('o', _) => Err(format!("octal clause can only be used on integers, was given {}", given())),
        (_, value) => {
            let small = match value {
                Value::Int(number) => signed(*number, |size| format!("{size:x}")),
                Value::Uint(number) => format!("{number:x}"),
                Value::String(text) => text.bytes().map(|b| format!("{b:02x}")).collect(),
                Value::Bytes(bytes) => bytes.iter().map(|b| format!("{b:02x}")).collect(),
                _ => {
                    return Err(format!(
                        "only integers, byte buffers, and strings can be formatted as hex, was given {}",
                        given()
                    ));
                }
            };
            Ok(if clause == 'X' { small.to_ascii_uppercase() } else { small })
        }
    }
}

fn signed(number: i64, digits: fn(u64) -> String) -> String {
    format!("{}{}", if number < 0 { "-" } else { "" }, digits(number.unsigned_abs()))
}

/// Infinity and "not a number" have names in every clause of numbers.
fn number_or(value: &Value, why: impl Fn() -> String) -> Result<String, String> {
    match value {
        Value::Double(number) if number.is_nan() => Ok("NaN".to_owned()),
        Value::Double(number) if number.is_infinite() => {
            Ok(if *number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned())
        }
        _ => Err(why()),
    }
}

fn exponent(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let exponent: i32 = exponent.parse().unwrap_or_default();
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        None => text,
    }
}

/// The text of `%s`. Inside lists and maps, strings are as they are too.
fn shown(value: &Value) -> Result<String, String> {
    match value {
        Value::Double(number) if !number.is_finite() => number_or(value, String::new),
        Value::Double(number) => Ok(number.to_string()),
        Value::List(list) => {
            let mut parts = Vec::new();
            for item in list.iter() {
                parts.push(shown(&item.map_err(|error| error.message)?)?);
            }
            Ok(format!("[{}]", parts.join(", ")))
        }
        Value::Map(map) => {
            let mut parts = Vec::new();
            for (key, value) in map.entries().map_err(|error| error.message)? {
                if matches!(key, Value::Double(_)) {
                    return Err("no formatting function for double key".to_owned());
                }
                parts.push(format!("{}: {}", shown(&key)?, shown(&value)?));
            }
            parts.sort();
            Ok(format!("{{{}}}", parts.join(", ")))
        }
        other => text(other).ok_or_else(|| {
            format!(
                "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, \
                 and timestamps, was given {}",
                other.type_name()
            )
        }),
    }
}
