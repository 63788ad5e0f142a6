//! Keywords that no structural schema can have. They are reported only if nothing else is wrong, since they are refused
//! elsewhere too.

use serde_json::Value;

use super::walk::{named, schema, schemas, text};

/// The first keyword that no structural schema can have.
pub fn find(of: &Value) -> Option<String> {
    own(of).or_else(|| {
        let junctors = ["allOf", "anyOf", "oneOf"].into_iter().flat_map(|name| schemas(of, name));
        let below = schema(of, "not").into_iter().chain(junctors).chain(schema(of, "items"));
        let properties = named(of, "properties").into_iter().map(|(_, property)| property);
        below.chain(properties).chain(schema(of, "additionalProperties")).find_map(find)
    })
}

fn own(of: &Value) -> Option<String> {
    let is_filled = |name: &str| match of.get(name) {
        Some(Value::Object(members)) => !members.is_empty(),
        other => other.is_some_and(|value| !value.is_null()),
    };
    let keyword = if !text(of, "id").is_empty() {
        "id"
    } else if !text(of, "$schema").is_empty() {
        "schema"
    } else if !text(of, "$ref").is_empty() {
        "$ref"
    } else {
        let others = ["patternProperties", "dependencies", "additionalItems", "definitions"];
        let Some(found) = others.into_iter().find(|name| is_filled(name)) else {
            return contradiction(of);
        };
        found
    };
    Some(format!("OpenAPIV3Schema '{keyword}' is not supported"))
}

fn contradiction(of: &Value) -> Option<String> {
    if of.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(false)) {
        return Some("internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined".to_owned());
    }
    let is_list = of.get("items").is_some_and(|items| items.as_array().is_some_and(|items| !items.is_empty()));
    is_list.then(|| "OpenAPIV3Schema 'items' must be a schema, but is an array".to_owned())
}
