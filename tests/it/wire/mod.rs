//! Encodings.

mod decode;
mod protobuf;
mod schema;
