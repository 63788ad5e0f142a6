//! Go's `%v` of decoded JSON, which some messages print: `map[spec:map[ports:x]]`.

use std::fmt::Write;

use serde_json::{Map, Number, Value};

use super::go_quote;

/// Prints a value as Go's `%v` does. Members are sorted.
pub fn go_print(value: &Value) -> String {
    let mut out = String::new();
    print(value, &mut out);
    out
}

/// Prints members as Go's `%v` prints a map.
pub fn go_print_map(members: &Map<String, Value>) -> String {
    let mut out = String::new();
    print_map(members, &mut out);
    out
}

/// Prints a value as Go's `%#v` does: `map[string]interface {}{"a":1}`.
pub fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::String(text) => go_quote(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(members) => {
            let mut members: Vec<_> =
                members.iter().map(|(name, value)| format!("{}:{}", go_quote(name), go_syntax(value))).collect();
            members.sort_unstable();
            format!("map[string]interface {{}}{{{}}}", members.join(", "))
        }
        scalar => go_print(scalar),
    }
}

fn print(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("<nil>"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => print_number(number, out),
        Value::String(text) => out.push_str(text),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                print(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => print_map(members, out),
    }
}

fn print_map(members: &Map<String, Value>, out: &mut String) {
    let mut names: Vec<&String> = members.keys().collect();
    names.sort_unstable();
    out.push_str("map[");
    for (i, name) in names.into_iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        out.push_str(name);
        out.push(':');
        print(&members[name], out);
    }
    out.push(']');
}

/// Go switches to an exponent of at least two digits where a number is very large or very small.
fn print_number(number: &Number, out: &mut String) {
    let plain = |out: &mut String| write!(out, "{number}").expect("writing to a String cannot fail");
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return plain(out) };
    let scientific = format!("{float:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..21).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            write!(out, "{mantissa}e{sign}{:02}", exponent.abs()).expect("writing to a String cannot fail");
        }
        _ => write!(out, "{float}").expect("writing to a String cannot fail"),
    }
}
