//! One test binary.

mod kinds;
mod kinds_cluster;
mod kinds_data;
mod kinds_endpoints;
mod kinds_events;
mod kinds_pods;
mod names;
