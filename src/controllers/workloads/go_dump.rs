//! A pod template as a Go program prints it with all types, which is the text that its hash is made of.
//!
//! The text follows the types of Go, so it names every field of every struct, also those that are not set. The table of
//! types is `go_types.txt`: a struct, and below it its fields with their names in Go and JSON and their types, in order.

use std::{collections::HashMap, fmt::Write, sync::LazyLock};

use serde_json::Value;

/// A struct's fields.
type Fields = Vec<Field>;

struct Field {
    name: &'static str,
    /// `-` for a struct whose members are the outer struct's in JSON.
    json: &'static str,
    go_type: &'static str,
}

static STRUCTS: LazyLock<HashMap<&'static str, Fields>> = LazyLock::new(|| {
    let mut structs = HashMap::new();
    let mut current = "";
    for line in include_str!("go_types.txt").lines() {
        let mut words = line.split_whitespace();
        let Some(first) = words.next() else { continue };
        match (words.next(), words.next()) {
            (Some(json), Some(go_type)) => {
                let fields: &mut Fields = structs.entry(current).or_default();
                fields.push(Field { name: first, json, go_type });
            }
            _ => current = first,
        }
    }
    structs
});

/// The text of a pod template.
pub fn pod_template(template: &Value) -> String {
    let mut out = String::with_capacity(8 * 1024);
    typed(&mut out, "v1.PodTemplateSpec", Some(template));
    out
}

/// A value with its type in front.
fn typed(out: &mut String, go_type: &str, value: Option<&Value>) {
    out.push('(');
    out.push_str(go_type);
    out.push(')');
    plain(out, go_type, value.filter(|value| !value.is_null()));
}

/// A value without its type. What is absent is nil or the type's zero value.
fn plain(out: &mut String, go_type: &str, value: Option<&Value>) {
    if let Some(target) = go_type.strip_prefix('*') {
        return match value {
            Some(value) => plain(out, target, Some(value)),
            None => out.push_str("<nil>"),
        };
    }
    if let Some(item) = go_type.strip_prefix("[]") {
        return list(out, item, value);
    }
    match go_type {
        "map[string]string" => map(out, "string", value),
        "v1.ResourceList" => map(out, "resource.Quantity", value),
        "resource.Quantity" => quantity(out, value),
        "intstr.IntOrString" => int_or_string(out, value),
        "v1.Time" => out.push_str("{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}"),
        "bool" => out.push_str(if value == Some(&Value::Bool(true)) { "true" } else { "false" }),
        "int32" | "int64" => number(out, value.and_then(Value::as_i64).unwrap_or_default()),
        _ => match STRUCTS.get(go_type) {
            Some(fields) => structure(out, fields, value),
            None => out.push_str(value.and_then(Value::as_str).unwrap_or_default()),
        },
    }
}

fn structure(out: &mut String, fields: &[Field], value: Option<&Value>) {
    out.push('{');
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(field.name);
        out.push(':');
        let member = if field.json == "-" { value } else { value.and_then(|value| value.get(field.json)) };
        typed(out, field.go_type, member);
    }
    out.push('}');
}

/// An empty list is nil, as it is after it has been sent.
fn list(out: &mut String, item: &str, value: Option<&Value>) {
    let items = value.and_then(Value::as_array).filter(|items| !items.is_empty());
    let Some(items) = items else { return out.push_str("<nil>") };
    out.push('[');
    for (index, value) in items.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        plain(out, item, Some(value));
    }
    out.push(']');
}

fn map(out: &mut String, item: &str, value: Option<&Value>) {
    let members = value.and_then(Value::as_object).filter(|members| !members.is_empty());
    let Some(members) = members else { return out.push_str("<nil>") };
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_unstable_by_key(|(key, _)| key.as_str());
    out.push_str("map[");
    for (index, (key, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(key);
        out.push(':');
        plain(out, item, Some(value));
    }
    out.push(']');
}

/// A quantity in its canonical form, as it is stored: digits, and a suffix.
fn quantity(out: &mut String, value: Option<&Value>) {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(text.len());
    let (digits, suffix) = text.split_at(digits);
    let number: i64 = digits.parse().unwrap_or_default();
    let decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"].iter().position(|known| *known == suffix);
    let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter().position(|known| *known == suffix);
    let exponent = suffix.strip_prefix(['e', 'E']).and_then(|exponent| exponent.parse::<i64>().ok());
    let (number, scale, format) = match (decimal, binary, exponent) {
        (Some(place), ..) => (number, place as i64 * 3 - 9, "DecimalSI"),
        (_, Some(place), _) => (number.wrapping_shl(10 * (place as u32 + 1)), 0, "BinarySI"),
        (.., Some(exponent)) => (number, exponent, "DecimalExponent"),
        _ => (number, 0, "DecimalSI"),
    };
    // Writing into a String cannot fail.
    let _ = write!(
        out,
        "{{i:(resource.int64Amount){{value:(int64){number} scale:(resource.Scale){scale}}} \
         d:(resource.infDecAmount){{Dec:(*inf.Dec)<nil>}} s:(string){text} Format:(resource.Format){format}}}"
    );
}

fn int_or_string(out: &mut String, value: Option<&Value>) {
    let text = value.and_then(Value::as_str);
    let number = value.and_then(Value::as_i64).unwrap_or_default();
    let kind = u8::from(text.is_some());
    let text = text.unwrap_or_default();
    // Writing into a String cannot fail.
    let _ = write!(out, "{{Type:(intstr.Type){kind} IntVal:(int32){number} StrVal:(string){text}}}");
}

fn number(out: &mut String, number: i64) {
    // Writing into a String cannot fail.
    let _ = write!(out, "{number}");
}
