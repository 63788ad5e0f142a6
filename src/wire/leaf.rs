//! Single values: everything that is neither a list, nor a map, nor an object with known fields.

use base64::{
    Engine, alphabet,
    engine::{GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use serde_json::{Number, Value};

use super::tree::Node;
use crate::{
    schema::{Form, Text, Type},
    text::{duration, quantity, time},
};

/// A value that does not fit its type.
pub struct Rejected {
    /// Why.
    pub why: Mismatch,
    /// The value.
    pub node: Node,
    /// Whether a Go decoder stops here, as it does at types that decode themselves.
    pub is_fatal: bool,
}

/// Why a value does not fit.
pub enum Mismatch {
    /// Go's `cannot unmarshal <value> into … of type <ty>`.
    Type {
        /// What was found.
        value: String,
        /// The Go type that was expected.
        ty: Text,
    },
    /// An error with its own text.
    Text(String),
}

/// A field's value; `None` leaves it unset.
pub fn decode(node: Node, ty: &Type) -> Result<Option<Value>, Box<Rejected>> {
    let is_fatal = ty.is_struct();
    if is_fatal && matches!(node, Node::Null) {
        return Ok(matches!(ty.form, Form::IntOrString).then(|| 0.into()));
    }
    let decoded = match (&ty.form, node) {
        (Form::String, Node::String(s)) => return Ok(Some(s.into())),
        (Form::IntOrString, Node::String(s)) => return Ok(Some(s.into())),
        (Form::Any, node) => return Ok(Some(node.into_value())),
        (form, node) => scalar(form, &node, ty).map_err(|why| Box::new(Rejected { why, node, is_fatal })),
    };
    decoded.map(Some)
}

fn scalar(form: &Form, node: &Node, ty: &Type) -> Result<Value, Mismatch> {
    let mismatch = |expected: Text| Mismatch::Type { value: node.go_kind().to_owned(), ty: expected };
    match (form, node) {
        (Form::Bool, Node::Bool(b)) => Ok((*b).into()),
        (Form::Int32, Node::Number(n)) => integer::<i32>(n, || ty.go_type()),
        (Form::Int64, Node::Number(n)) => integer::<i64>(n, || ty.go_type()),
        (Form::IntOrString, Node::Number(n)) => integer::<i32>(n, || "int32".into()),
        (Form::IntOrString, _) => Err(mismatch("int32".into())),
        (Form::Double, Node::Number(n)) => double(n).map(Value::from).ok_or_else(|| number_mismatch(n, ty.go_type())),
        (Form::Bytes, Node::String(s)) => bytes(s),
        (Form::Time, Node::String(s)) => read_time(s, time::parse, time::rfc3339),
        (Form::MicroTime, Node::String(s)) => read_time(s, time::parse_micro, time::rfc3339_micro),
        (Form::Duration, Node::String(s)) => Ok(duration::format(duration::parse(s).map_err(Mismatch::Text)?).into()),
        (Form::Quantity, node) => amount(node),
        _ if ty.is_struct() => Err(mismatch("string".into())),
        _ => Err(mismatch(ty.go_type())),
    }
}

fn integer<N: std::str::FromStr + Into<Value>>(text: &str, ty: impl Fn() -> Text) -> Result<Value, Mismatch> {
    text.parse::<N>().map(Into::into).map_err(|_| number_mismatch(text, ty()))
}

fn read_time(
    text: &str,
    parse: fn(&str) -> Result<jiff::Timestamp, String>,
    format: fn(jiff::Timestamp) -> String,
) -> Result<Value, Mismatch> {
    parse(text).map(|time| format(time).into()).map_err(Mismatch::Text)
}

/// Kubernetes takes the quotes off and parses what is left, whatever it is.
fn amount(node: &Node) -> Result<Value, Mismatch> {
    let canonical = match node {
        Node::String(text) => quantity::canonical(text.trim()),
        Node::Number(text) => quantity::canonical(text.trim()),
        Node::Bool(true) => quantity::canonical("true"),
        Node::Bool(false) => quantity::canonical("false"),
        other => quantity::canonical(other.go_kind()),
    };
    canonical.map(Value::from).map_err(|e| Mismatch::Text(e.to_owned()))
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

fn number_mismatch(literal: &str, ty: Text) -> Mismatch {
    Mismatch::Type { value: format!("number {literal}"), ty }
}
