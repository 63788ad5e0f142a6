//! What the server refuses about the schema in a custom resource definition.

mod defaults;
mod formats;
mod keywords;
mod lists;
mod nested;
mod paths;
mod root;
mod rules;
mod shape;
mod shown;
mod unsupported;
mod walk;

use serde_json::Value;

pub use formats::unrecognized_formats;
pub use paths::selectable_fields;

use crate::object::{FieldError, FieldErrors, Path};

/// What is wrong with the `openAPIV3Schema` of a version, in the server's order. `path` is where it is; `has_status` says
/// whether the version has the status subresource.
pub fn refusals(schema: &Value, path: &Path, has_status: bool) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if has_status {
        errors.extend(root::with_status(schema, path));
    }
    if schema.get("nullable") == Some(&Value::Bool(true)) {
        errors.push(FieldError::forbidden(&path.child("nullable"), "nullable cannot be true at the root"));
    }
    let unsupported = unsupported::find(schema);
    let mut structure = FieldErrors::new();
    if unsupported.is_none() {
        structure = shape::errors(schema, path);
        if structure.is_empty() {
            structure = defaults::errors(schema, path);
        }
    }
    // Expressions are only compiled where the types are known.
    let is_typed = unsupported.is_none() && structure.is_empty();
    errors.extend(structure);
    let contradictions = keywords::errors(schema, path);
    if is_typed && contradictions.is_empty() {
        errors.extend(rules::uncompiled(schema, path));
    }
    errors.extend(contradictions);
    if let (true, Some(why)) = (errors.is_empty(), unsupported) {
        errors.push(FieldError::invalid(path, "", &why));
    }
    errors
}
