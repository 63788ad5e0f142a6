//! One test binary.

mod decode;
mod managed;
mod names;
mod patch;
mod schema;
mod selectors;
