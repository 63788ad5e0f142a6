//! One test binary.

mod names;
mod service_addresses;
mod service_allocation;
mod service_defaults;
mod service_tables;
mod service_updates;
mod service_world;
