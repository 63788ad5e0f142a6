//! Reading stored objects through types: what is stored decodes, and where it does not, the error names the object.

use serde::Deserialize;
use serde_json::Value;

use crate::object::{Status, meta, status::Result};

/// Decodes an object, or the part of it that the type wants. It may borrow from the object.
pub fn decode<'a, T: Deserialize<'a>>(object: &'a Value) -> Result<T> {
    T::deserialize(object).map_err(|error| {
        let (kind, namespace, name) = (meta::text(object, &["kind"]), meta::namespace(object), meta::name(object));
        Status::internal(format!("the stored {kind} {namespace}/{name} cannot be decoded: {error}"))
    })
}
