//! One test binary.

mod decode;
mod protobuf;
mod schema;
