//! Formats that the server does not know. They are accepted, with a warning.

use serde_json::Value;

use super::walk::{named, schema, schemas, text};
use crate::structural::{format::Format, node::Types};

/// The formats of a schema that mean nothing to the server, in the order in which it finds them.
pub fn unrecognized_formats(of: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(of, &mut found);
    found
}

fn collect(of: &Value, found: &mut Vec<String>) {
    let format = text(of, "format");
    if !format.is_empty() && Format::known(format, &types(text(of, "type"))).is_none() {
        found.push(format.to_owned());
    }
    let below = schema(of, "items").into_iter().chain(schemas(of, "items"));
    let junctors = ["allOf", "anyOf", "oneOf"].into_iter().flat_map(|name| schemas(of, name));
    let properties = named(of, "properties").into_iter().map(|(_, property)| property);
    let all = below.chain(junctors).chain(schema(of, "not")).chain(properties);
    for schema in all.chain(schema(of, "additionalProperties")) {
        collect(schema, found);
    }
}

fn types(name: &str) -> Types {
    match name {
        "" | "string" => Types::Any,
        "integer" => Types::One("integer"),
        "number" => Types::One("number"),
        _ => Types::One("object"),
    }
}
