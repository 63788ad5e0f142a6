//! One test binary.

mod names;
mod selectors;
