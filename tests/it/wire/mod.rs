//! Encodings.

mod custom;
mod decode;
mod protobuf;
mod schema;
