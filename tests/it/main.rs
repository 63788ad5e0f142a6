//! One test binary.

mod decode;
mod managed;
mod names;
mod patch;
mod protobuf;
mod schema;
mod selectors;
