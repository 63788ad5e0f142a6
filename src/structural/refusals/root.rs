//! What the root of a schema may not have if the status is a subresource: the schema of the status is taken out alone.

use serde_json::Value;

use super::{shown, walk::text};
use crate::object::{FieldError, FieldErrors, Path};

/// The keywords that may stand there, as errors show them.
const ALLOWED: &str = "Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength \
                       MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties \
                       ExternalDocs Example XPreserveUnknownFields XValidations";

/// Checks the keywords at the root. Only the first one that is wrong is told.
pub fn with_status(schema: &Value, path: &Path) -> FieldErrors {
    let allowed: Vec<&str> = ALLOWED.split(' ').collect();
    for (shown, name) in shown::KEYWORDS {
        let is_set = schema.get(name).is_some_and(|value| !shown::is_zero(value));
        if name == "type" && is_set {
            if text(schema, "type") != "object" {
                let why = "only \"object\" is allowed as the type at the root of the schema if the status subresource \
                           is enabled";
                return vec![FieldError::invalid(&path.child("type"), text(schema, "type"), why)];
            }
        } else if is_set && !allowed.contains(&shown) {
            let why = format!(
                "only [{ALLOWED}] fields are allowed at the root of the schema if the status subresource is enabled"
            );
            return vec![FieldError::invalid(path, shown::schema(schema), &why)];
        }
    }
    FieldErrors::new()
}
