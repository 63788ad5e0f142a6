//! One test binary.

mod names;
mod patch;
mod selectors;
mod decode;
mod schema;
