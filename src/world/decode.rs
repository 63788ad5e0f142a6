//! Decoding of stored objects into typed views.

use serde::Deserialize;
use serde_json::Value;

pub use crate::kinds::rules::typed::or_default;
use crate::object::{Status, meta, status::Result};

/// Decodes an object that is stored. What is stored decodes; where it does not, the error names the object.
pub fn decode<'a, T: Deserialize<'a>>(object: &'a Value) -> Result<T> {
    T::deserialize(object).map_err(|error| {
        let (kind, name) = (meta::text(object, &["kind"]), meta::name(object));
        let place = match meta::namespace(object) {
            "" => name.to_owned(),
            namespace => format!("{namespace}/{name}"),
        };
        Status::internal(format!("the stored {kind} {place} cannot be decoded: {error}"))
    })
}
