//! What the server refuses about the schema in a custom resource definition.

use serde_json::Value;

use super::node::Node;
use crate::{
    object::{FieldError, FieldErrors, Path},
    schema::from_open_api,
};

/// What is wrong with a schema.
#[derive(Debug, Default)]
pub struct Refusals {
    /// The errors, in the server's order.
    pub errors: FieldErrors,
    /// What the client is told although the schema is accepted, such as `unrecognized format "x"`.
    pub warnings: Vec<String>,
}

/// Checks the `openAPIV3Schema` of a version; `path` is where it is. `has_status` says whether the version has the
/// status subresource.
pub fn refusals(schema: &Value, path: &Path, has_status: bool) -> Refusals {
    let _ = (Node::compile(schema), has_status);
    let errors = match from_open_api(schema) {
        Ok(_) => FieldErrors::new(),
        Err(error) => vec![FieldError::invalid(path, "", &error.to_string())],
    };
    Refusals { errors, warnings: Vec::new() }
}
