//! JSON as Go's `encoding/json` writes it: the bytes that are stored, sent, and shown in errors.

use std::io;

use serde::Serialize;
use serde_json::{
    Value,
    ser::{CharEscape, CompactFormatter, Formatter, PrettyFormatter, Serializer},
};

use super::float;

/// A value as one line of text.
pub fn go_json(value: &Value) -> String {
    String::from_utf8(to_json(value)).expect("JSON is UTF-8")
}

/// A value as one line of JSON, without a line end. As in Go, `<`, `>` and `&` are escaped.
pub fn to_json(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    push_json(&mut out, value);
    out
}

/// As [`to_json`], onto the end of a buffer.
pub fn push_json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    write(value, out, GoEscapes(CompactFormatter));
}

/// A value as JSON indented by two spaces.
pub fn to_json_indented(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    write(value, &mut out, GoEscapes(PrettyFormatter::new()));
    out
}

fn write<F: Formatter>(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>, formatter: F) {
    value.serialize(&mut Serializer::with_formatter(out, formatter)).expect("a Value can always be written to memory");
}

/// A formatter that also escapes what Go escapes.
struct GoEscapes<F>(F);

/// Forwards the formatter's methods that take only the writer.
macro_rules! forward {
    ($($method:ident($($arg:ident: $ty:ty),*);)*) => {
        $(fn $method<W: ?Sized + io::Write>(&mut self, writer: &mut W $(, $arg: $ty)*) -> io::Result<()> {
            self.0.$method(writer $(, $arg)*)
        })*
    };
}

impl<F: Formatter> Formatter for GoEscapes<F> {
    forward! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        begin_object_value();
        end_object_value();
        write_char_escape(escape: CharEscape);
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(float::format(value).as_bytes())
    }

    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            let c = rest[at..].chars().next().expect("find points at a character");
            writer.write_all(&rest.as_bytes()[..at])?;
            write!(writer, "\\u{:04x}", u32::from(c))?;
            rest = &rest[at + c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}
