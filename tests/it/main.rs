//! One test binary.

mod names;
