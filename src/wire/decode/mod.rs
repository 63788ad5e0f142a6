//! Walks parsed input along the types: unknown fields go, types are checked, and what a Go server would write stays.

mod finish;
mod strict;
mod structural;
mod walk;

use serde_json::Value;

use self::walk::Walker;
use super::{json, tree::Node};
use crate::schema::ObjectType;

pub(super) use finish::{finish, slots, zero};
pub(super) use strict::{Duplicates, Strict};

/// An object as the server understood it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The object: known fields only, in the order of the schema, with values in canonical form.
    pub value: Value,
    /// What strict decoding complains about: `unknown field "spec.foo"`.
    pub strict: Vec<String>,
}

/// Why something cannot be an object of its kind, in a Go decoder's words.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(pub String);

/// Decodes JSON.
pub fn decode(text: &[u8], object: &ObjectType) -> Result<Decoded, DecodeError> {
    decode_node(json::parse(text).map_err(DecodeError)?, object)
}

/// Decodes what a parser made of the input.
pub fn decode_node(node: Node, object: &ObjectType) -> Result<Decoded, DecodeError> {
    Walker::default().top(node, object)
}

/// Decodes a value that was patched: types are checked and unknown fields reported, as for a body.
pub fn recheck(value: Value, object: &ObjectType) -> Result<Decoded, DecodeError> {
    decode_node(value.into(), object)
}

/// The canonical form of a value that is known to be well typed. What is not, stays as it is.
pub fn normalise(value: Value, object: &ObjectType) -> Value {
    let walker = Walker { keeps_mismatches: true, ..Walker::default() };
    walker.top(value.into(), object).map(|decoded| decoded.value).unwrap_or_default()
}

/// As [`normalise`], and empty lists and maps become null, since storage does not tell them from absent ones.
pub fn stored_form(value: Value, object: &ObjectType) -> Result<Value, DecodeError> {
    let walker = Walker { is_stored: true, ..Walker::default() };
    Ok(walker.top(value.into(), object)?.value)
}
