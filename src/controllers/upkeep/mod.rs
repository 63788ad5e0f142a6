//! What keeps the cluster in order: bootstrap objects, namespaces, garbage collection, quotas, event expiry.

pub mod aggregation;
pub mod api_server;
pub mod bootstrap;
pub mod default_roles;
pub mod essentials;
pub mod event_expiry;
pub mod garbage;
pub mod namespace_conditions;
pub mod namespace_contents;
pub mod namespaces;
pub mod owners;
pub mod policy_status;
pub mod resource_quotas;
