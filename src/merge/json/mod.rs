//! Patches that know nothing of types: JSON patch and JSON merge patch.

mod chunks;
mod document;
mod merge;
mod patch;

use serde_json::Value;

use crate::object::Status;

pub use merge::merge_patch;
pub use patch::{apply_json_patch, json_patch};

/// The name that Go's decoder has for a kind of JSON value.
pub fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn undecodable(patch: &Value, go_type: &str) -> Box<Status> {
    let found = json_type(patch);
    Status::bad_request(format!("error decoding patch: json: cannot unmarshal {found} into Go value of type {go_type}"))
}
