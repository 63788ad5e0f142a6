//! The rules of each kind.

mod cluster;
mod costs;
mod data;
mod definitions;
mod endpoints;
mod events;
mod metadata;
mod pod;
mod pods;
mod rbac;
mod run_time;
mod workloads;
