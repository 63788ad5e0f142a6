//! Typed views: structs that borrow from an object what a check reads. Absent, null and empty mean the same.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::object::{FieldError, Path};

/// Decodes a value that has been checked against the schema; an absent one is the default. What does not decode all the
/// same is an internal error.
pub fn decode<'a, T: Deserialize<'a> + Default>(path: &Path, value: Option<&'a Value>) -> Result<T, FieldError> {
    match value {
        None | Some(Value::Null) => Ok(T::default()),
        Some(value) => T::deserialize(value).map_err(|error| FieldError::internal(path, &error.to_string())),
    }
}

/// Decodes a member; null is the same as none.
pub fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(member: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(member)?.unwrap_or_default())
}
