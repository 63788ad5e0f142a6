//! One test binary.

mod contract;
mod tidy;
