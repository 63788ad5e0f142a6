//! One test binary.

mod names;
mod patch;
mod selectors;
