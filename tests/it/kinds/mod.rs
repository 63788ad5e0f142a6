//! The rules of each kind.

mod cluster;
mod costs;
mod data;
mod definitions;
mod endpoints;
mod events;
mod metadata;
mod pod_costs;
mod pod_priority;
mod pod_specs;
mod pod_updates;
mod pods;
mod rbac;
mod run_time;
mod workloads;
