//! What a call costs when it runs, from the sizes of its arguments.

use super::{AUTHORIZER_CHECK, MAKE_LIST, MAKE_OBJECT, PER_CHARACTER, PER_PATTERN_CHARACTER};
use crate::cel::library::Library;
use crate::cel::value::Value;

/// The cost of a call of `name`; the target of a member call is the first argument.
pub fn call(name: &str, args: &[Value], result: Option<&Value>) -> u64 {
    let size = |index: usize| args.get(index).map_or(1, Value::size) as f64;
    let is_text = |index: usize| matches!(args.get(index), Some(Value::String(_) | Value::Bytes(_)));
    match name {
        "check" => AUTHORIZER_CHECK,
        "fieldSelector" | "labelSelector" => selector(size(1)),
        "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" => args.first().map_or(0, traversal),
        "url"
        | "lowerAscii"
        | "upperAscii"
        | "substring"
        | "trim"
        | "jsonpatch.escapeKey"
        | "cidr"
        | "isIP"
        | "isCIDR"
        | "quantity"
        | "isQuantity"
        | "semver"
        | "isSemver" => up(size(0) * PER_CHARACTER),
        "replace" | "split" | "ip.isCanonical" => up(size(0) * 2.0 * PER_CHARACTER),
        "join" => up(result.map_or(1, Value::size) as f64 * 2.0 * PER_CHARACTER),
        "ip" if matches!(args.first(), Some(Value::String(_))) => up(size(0) * PER_CHARACTER),
        "matches" | "find" | "findAll" => up((1.0 + size(0)) * PER_CHARACTER) * up(size(1) * PER_PATTERN_CHARACTER),
        "validate" => match args.first() {
            Some(Value::Library(Library::Format(format))) => {
                up((1.0 + size(1)) * PER_CHARACTER) * up(format.pattern_length as f64 * PER_PATTERN_CHARACTER)
            }
            _ => 1,
        },
        "containsIP" => up(size(0) * 2.0 * PER_CHARACTER) + if is_text(1) { up(size(1) * PER_CHARACTER) } else { 0 },
        "containsCIDR" => {
            let other = if is_text(1) { up(size(1) * PER_CHARACTER) } else { 0 };
            up(size(0) * 2.0 * PER_CHARACTER) + up(size(0) * PER_CHARACTER) + 1 + other
        }
        "startsWith" | "endsWith" => up(size(0) * PER_CHARACTER),
        "contains" => up(size(0) * PER_CHARACTER) * up(size(1) * PER_CHARACTER),
        "bytes" | "string" if is_text(0) => up(size(0) * PER_CHARACTER),
        "@in" if matches!(args.get(1), Some(Value::List(_))) => size(1) as u64,
        "_==_" | "_!=_" if matches!(args.first(), Some(Value::Library(_))) => 1,
        "_==_" | "_!=_" => up(size(0).min(size(1)) * PER_CHARACTER),
        "_<_" | "_<=_" | "_>_" | "_>=_" if is_text(0) => up(size(0).min(size(1)) * PER_CHARACTER),
        "_+_" if is_text(0) => up((size(0) + size(1)) * PER_CHARACTER),
        // Kubernetes counts these as one step, which is too little for lists as long as a request.
        "format" | "distinct" | "sort" | "@sortByAssociatedKeys" | "reverse" | "flatten" | "slice" | "lists.range" => {
            1 + result.map_or(0, Value::size)
        }
        "sets.contains" | "sets.equivalent" | "sets.intersects" => 1 + size(0) as u64 + size(1) as u64,
        _ => 1,
    }
}

fn up(cost: f64) -> u64 {
    cost.ceil() as u64
}

fn selector(length: f64) -> u64 {
    let requirements = (length * 0.5).ceil();
    MAKE_LIST + up(length * PER_CHARACTER) + up(requirements * (MAKE_LIST + MAKE_OBJECT) as f64)
}

/// The cost of looking at everything in a value.
fn traversal(value: &Value) -> u64 {
    match value {
        Value::String(text) => (text.len() as f64 * PER_CHARACTER) as u64,
        Value::Bytes(bytes) => (bytes.len() as f64 * PER_CHARACTER) as u64,
        Value::List(list) => list.iter().map(|item| item.as_ref().map_or(1, traversal)).sum(),
        Value::Map(map) => {
            let entries = map.entries().unwrap_or_default();
            entries.iter().map(|(key, value)| traversal(key) + traversal(value)).sum()
        }
        _ => 1,
    }
}
