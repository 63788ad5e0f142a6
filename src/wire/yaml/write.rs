//! Writes YAML as `sigs.k8s.io/yaml` does.

use serde_json::{Map, Value};

use super::resolve::plain;
use crate::wire::tree::Node;

/// A value as a YAML document: sorted keys, lists not indented below their key.
pub fn to_yaml(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(members) if !members.is_empty() => mapping(&mut out, members, 0),
        Value::Array(items) if !items.is_empty() => sequence(&mut out, items, 0),
        other => {
            scalar(&mut out, other, 0);
            out.push('\n');
        }
    }
    out
}

fn mapping(out: &mut String, members: &Map<String, Value>, indent: usize) {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by(|a, b| natural(a.0).cmp(&natural(b.0)).then_with(|| a.0.cmp(b.0)));
    for (index, (key, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            pad(out, indent);
        }
        string(out, key, indent, true);
        out.push(':');
        match value {
            Value::Object(members) if !members.is_empty() => {
                out.push('\n');
                pad(out, indent + 2);
                mapping(out, members, indent + 2);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                pad(out, indent);
                sequence(out, items, indent);
            }
            other => {
                out.push(' ');
                scalar(out, other, indent + 2);
                out.push('\n');
            }
        }
    }
}

fn sequence(out: &mut String, items: &[Value], indent: usize) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            pad(out, indent);
        }
        out.push_str("- ");
        match item {
            Value::Object(members) if !members.is_empty() => mapping(out, members, indent + 2),
            Value::Array(items) if !items.is_empty() => sequence(out, items, indent + 2),
            other => {
                scalar(out, other, indent + 2);
                out.push('\n');
            }
        }
    }
}

fn scalar(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::String(text) => string(out, text, indent, false),
        Value::Object(_) => out.push_str("{}"),
        Value::Array(_) => out.push_str("[]"),
        other => out.push_str(&other.to_string()),
    }
}

/// A string in the plainest style that reads back as the same string.
fn string(out: &mut String, text: &str, indent: usize, key: bool) {
    let printable = |c: char| c == '\n' || (!c.is_control() && c != '\u{feff}');
    if text.contains('\n') && !key && text.chars().all(printable) && !text.contains(" \n") && !text.ends_with(' ') {
        block(out, text, indent);
    } else if !text.chars().all(|c| c != '\n' && printable(c))
        || !matches!(plain(text), Node::String(_))
        || is_odd(text)
    {
        quoted(out, text);
    } else if may_be_plain(text) {
        folded(out, text, indent, key);
    } else {
        out.push('\'');
        folded(out, &text.replace('\'', "''"), indent, key);
        out.push('\'');
    }
}

/// Writes a text, and goes on in a new line at the first space beyond the usual width. Keys stay on one line.
fn folded(out: &mut String, text: &str, indent: usize, key: bool) {
    const WIDTH: usize = 80;
    let line = out.rfind('\n').map_or(0, |at| at + 1);
    let mut column = out[line..].chars().count();
    let mut chars = text.chars().peekable();
    let mut last = ' ';
    while let Some(c) = chars.next() {
        let alone = c == ' ' && last != ' ' && chars.peek().is_some_and(|next| *next != ' ');
        if alone && !key && column > WIDTH {
            out.push('\n');
            pad(out, indent);
            column = indent;
        } else {
            out.push(c);
            column += 1;
        }
        last = c;
    }
}

/// Strings that other readers take for something else: base-60 numbers, dates, infinities.
fn is_odd(text: &str) -> bool {
    let base60 = text.contains(':')
        && text.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit())
        && text.trim_start_matches(['+', '-']).chars().all(|c| c.is_ascii_digit() || "_:.".contains(c));
    let bytes = text.as_bytes();
    let date = bytes.len() >= 8
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[4] == b'-'
        && bytes[5].is_ascii_digit()
        && bytes[5..].iter().all(|b| b.is_ascii_digit() || b"-:.TtZz +".contains(b))
        && text[5..].contains('-');
    base60 || date || matches!(text, ".inf" | "-.inf" | "+.inf" | ".nan" | ".Inf" | ".NaN" | ".INF" | ".NAN")
}

fn may_be_plain(text: &str) -> bool {
    let special = |c: char| "#,[]{}&*!|>'\"%@`".contains(c);
    let starts_badly = text.starts_with(special)
        || text.starts_with("---")
        || text.starts_with("...")
        || ["-", "?", ":"].iter().any(|mark| text == *mark || text.starts_with(&format!("{mark} ")));
    !(starts_badly
        || text.contains(['\u{2028}', '\u{2029}'])
        || text.starts_with(' ')
        || text.ends_with(' ')
        || text.contains(": ")
        || text.ends_with(':')
        || text.contains(" #"))
}

/// A literal block; the indicator says how many line ends close the text.
fn block(out: &mut String, text: &str, indent: usize) {
    let body = text.trim_end_matches('\n');
    let closing = text.len() - body.len();
    out.push('|');
    if text.starts_with([' ', '\n']) {
        out.push('2');
    }
    out.push_str(match closing {
        0 => "-",
        1 if !body.is_empty() => "",
        _ => "+",
    });
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            pad(out, indent);
            out.push_str(line);
        }
    }
    for _ in 1..closing {
        out.push('\n');
    }
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0' => out.push_str("\\0"),
            c if (c.is_control() || c == '\u{feff}') && u32::from(c) < 0x100 => {
                out.push_str(&format!("\\x{:02X}", u32::from(c)));
            }
            c if c.is_control() || c == '\u{feff}' => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A sort key: runs of digits compare as numbers, and letters come after everything else.
fn natural(text: &str) -> Vec<(u8, u128, char)> {
    let mut key = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if let Some(digit) = c.to_digit(10) {
            let mut number = u128::from(digit);
            while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
                number = number.saturating_mul(10).saturating_add(digit.into());
                chars.next();
            }
            key.push((1, number, '0'));
        } else {
            key.push((if c.is_alphabetic() { 2 } else { 0 }, 0, c));
        }
    }
    key
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}
