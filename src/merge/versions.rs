//! The other versions of a kind: managers own fields in the version that they wrote through.

use serde_json::Value;

use super::fields::{Typed, duplicates_aside};
use crate::schema::ObjectType;

/// The versions of a kind, and how its objects look in each.
pub trait Versions {
    /// The type of objects in a version.
    fn object_type(&self, api_version: &str) -> Option<&ObjectType>;

    /// An object in another version. The error is the converter's.
    fn convert(&self, object: &Value, api_version: &str) -> Result<Value, String>;
}

/// Why it cannot be said who owns what, in the server's words.
#[derive(Debug)]
pub struct Failure(pub String);

/// What keeps an object of a custom kind from having sets of fields: what its type does not declare, or values of other
/// types. Objects of built-in kinds have been decoded along their types.
pub(super) fn typed_error(object: &Value, object_type: &ObjectType) -> Option<String> {
    if !object_type.is_structural() {
        return None;
    }
    duplicates_aside(object, Typed::Object(object_type))
}
