//! One test binary.

mod store;
mod store_file;
mod store_support;
