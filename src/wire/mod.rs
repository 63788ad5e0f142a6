//! Bytes to objects and back: JSON, YAML and Kubernetes protobuf, with strict decoding in a Go server's words.

pub mod body;
pub mod complaints;
mod custom;
pub mod decode;
pub mod json;
mod leaf;
pub mod media;
pub mod protobuf;
pub mod yaml;

pub use crate::text::node as tree;
pub use body::{DecodedObject, Validation, decode_delete_options, decode_object};
pub use custom::{decode_custom, drop_other_version};
pub use decode::{DecodeError, Decoded, decode, normalise, recheck, stored_form};
pub use json::{push_json, to_json, to_json_indented};
pub use media::{MediaType, encode};
