//! What is often read of a definition's spec.

use serde_json::Value;

use crate::object::meta;

/// The group of a definition.
pub fn group(definition: &Value) -> &str {
    meta::text(definition, &["spec", "group"])
}

/// The version in which new objects are stored.
pub fn storage_version(object: &Value) -> Option<&str> {
    let versions = meta::items(object, &["spec", "versions"]).iter();
    let mut storage = versions.filter(|version| version.get("storage").and_then(Value::as_bool) == Some(true));
    storage.next()?.get("name")?.as_str()
}
