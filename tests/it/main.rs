//! One test binary.

mod store;
mod store_crash;
mod store_file;
mod store_model;
mod store_support;
mod names;
mod patch;
mod selectors;
mod contract;
mod tidy;
mod decode;
mod schema;
mod http_discovery;
mod http_negotiate;
mod http_path;
mod http_query;
