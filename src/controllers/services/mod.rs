//! What belongs to a Service: Endpoints, EndpointSlices, load balancers, address ranges.

pub mod address_pool;
pub mod balancer_changes;
pub mod endpoint_slices;
pub mod endpoints;
pub mod hints;
pub mod load_balancers;
pub mod mirroring;
pub mod service_cidrs;
pub mod slice_plan;
pub mod slice_writes;
pub mod subset_hash;
pub mod subsets;
pub mod topology;
pub mod triggers;
