//! Single values: scalars, and the messages whose JSON is not an object.

use base64::{
    Engine, alphabet,
    engine::{GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use serde_json::{Number, Value};

use super::tree::Node;
use crate::{
    schema::{Field, Form, Type},
    text::{duration, quantity, time},
};

/// Why a value does not fit.
pub enum Mismatch {
    /// Go's `cannot unmarshal <value> into … of type <ty>`.
    Type {
        /// What was found.
        value: String,
        /// The Go type that was expected.
        ty: &'static str,
    },
    /// An error with its own text.
    Text(String),
}

/// A scalar field's value.
pub fn scalar(node: Node, field: &Field) -> Result<Value, Mismatch> {
    let ty = field.go_type();
    match (&field.ty, node) {
        (Type::String, Node::String(s)) => Ok(s.into()),
        (Type::Bool, Node::Bool(b)) => Ok(b.into()),
        (Type::Int32, Node::Number(n)) => match n.parse::<i32>() {
            Ok(number) => Ok(number.into()),
            Err(_) => Err(number_mismatch(&n, ty)),
        },
        (Type::Int64, Node::Number(n)) => match n.parse::<i64>() {
            Ok(number) => Ok(number.into()),
            Err(_) => Err(number_mismatch(&n, ty)),
        },
        (Type::Double, Node::Number(n)) => match double(&n) {
            Some(number) => Ok(number.into()),
            None => Err(number_mismatch(&n, ty)),
        },
        (Type::Bytes, Node::String(s)) => bytes(&s),
        (_, other) => Err(mismatch(&other, ty)),
    }
}

/// The value of a message that is not an object in JSON; `None` leaves the field unset.
pub fn special(form: Form, node: Node) -> Result<Option<Value>, Mismatch> {
    let value = match (form, node) {
        (Form::IntOrString, Node::Null) => 0.into(),
        (_, Node::Null) => return Ok(None),
        (Form::Time, Node::String(s)) => read_time(&s, time::parse, time::rfc3339)?,
        (Form::MicroTime, Node::String(s)) => read_time(&s, time::parse_micro, time::rfc3339_micro)?,
        (Form::Duration, Node::String(s)) => duration::format(duration::parse(&s).map_err(Mismatch::Text)?).into(),
        (Form::Quantity, node) => amount(node)?,
        (Form::IntOrString, Node::String(s)) => s.into(),
        (Form::IntOrString, Node::Number(n)) => match n.parse::<i32>() {
            Ok(number) => number.into(),
            Err(_) => return Err(number_mismatch(&n, "int32")),
        },
        (Form::IntOrString, other) => return Err(mismatch(&other, "int32")),
        (Form::Strings, Node::Array(items)) => strings(items)?,
        (Form::Any, node) => node.into_value(),
        (_, other) => return Err(mismatch(&other, "string")),
    };
    Ok(Some(value))
}

fn read_time(
    text: &str,
    parse: fn(&str) -> Result<jiff::Timestamp, String>,
    format: fn(jiff::Timestamp) -> String,
) -> Result<Value, Mismatch> {
    parse(text).map(|time| format(time).into()).map_err(Mismatch::Text)
}

/// Kubernetes takes the quotes off and parses what is left, whatever it is.
fn amount(node: Node) -> Result<Value, Mismatch> {
    let text = match node {
        Node::String(s) => s,
        Node::Number(n) => n.into(),
        Node::Bool(b) => b.to_string(),
        other => other.go_kind().to_owned(),
    };
    quantity::canonical(text.trim()).map(Value::from).map_err(|e| Mismatch::Text(e.to_owned()))
}

fn strings(items: Vec<Node>) -> Result<Value, Mismatch> {
    let text = |node| match node {
        Node::String(s) => Ok(Value::String(s)),
        Node::Null => Ok("".into()),
        other => Err(mismatch(&other, "string")),
    };
    items.into_iter().map(text).collect()
}

fn bytes(text: &str) -> Result<Value, Mismatch> {
    if let Some(at) = corrupt_at(text.as_bytes()) {
        return Err(Mismatch::Text(format!("illegal base64 data at input byte {at}")));
    }
    let compact: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let data = LENIENT.decode(compact).map_err(|e| Mismatch::Text(e.to_string()))?;
    Ok(STANDARD.encode(data).into())
}

/// Base64 whose last character may have stray bits, which Go ignores.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// The offset at which Go finds base64 to be broken.
fn corrupt_at(text: &[u8]) -> Option<usize> {
    let mut chars = text.iter().enumerate().filter(|(_, b)| !is_line_end(**b));
    loop {
        let mut start = None;
        for position in 0..4 {
            let Some((at, byte)) = chars.next() else { return start };
            start.get_or_insert(at);
            match byte {
                b'=' if position < 2 => return Some(at),
                b'=' => {
                    let last = if position == 2 { chars.next() } else { Some((at, byte)) };
                    return match (last, chars.next()) {
                        (None, _) => Some(text.len()),
                        (Some((at, byte)), _) if *byte != b'=' => Some(at),
                        (_, rest) => rest.map(|(at, _)| at),
                    };
                }
                byte if byte.is_ascii_alphanumeric() || b"+/".contains(byte) => {}
                _ => return Some(at),
            }
        }
    }
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// A float, written as an integer where it is one.
fn double(text: &str) -> Option<Number> {
    let number: f64 = text.parse().ok().filter(|n: &f64| n.is_finite())?;
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return Some((number as i64).into());
    }
    Number::from_f64(number)
}

fn mismatch(node: &Node, ty: &'static str) -> Mismatch {
    Mismatch::Type { value: node.go_kind().to_owned(), ty }
}

fn number_mismatch(literal: &str, ty: &'static str) -> Mismatch {
    Mismatch::Type { value: format!("number {literal}"), ty }
}
