//! One test binary.

mod decode;
mod openapi;
mod protobuf;
mod schema;
