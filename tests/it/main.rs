//! One test binary.

mod contract;
mod decode;
mod harness;
mod names;
mod patch;
mod schema;
mod selectors;
mod store;
mod store_crash;
mod store_file;
mod store_model;
mod store_support;
mod tidy;
mod service_addresses;
mod service_allocation;
mod service_defaults;
mod service_tables;
mod service_updates;
mod service_world;
mod decode;
mod schema;
mod http_discovery;
mod http_negotiate;
mod http_path;
mod http_query;
