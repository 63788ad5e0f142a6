//! One test binary.

mod kinds;
mod kinds_cluster;
mod kinds_data;
mod kinds_endpoints;
mod kinds_events;
mod kinds_pods;
mod names;
mod service_addresses;
mod service_allocation;
mod service_defaults;
mod service_tables;
mod service_updates;
mod service_world;
