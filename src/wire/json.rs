//! JSON as bodies have it: read with the errors of Go's `encoding/json`, and written as it writes.

pub use crate::text::{
    json::{push_json, to_json, to_json_indented},
    json_parser::parse,
};
