//! One test binary.

mod decode;
mod schema;
