//! The rules of each kind.

mod cluster;
mod data;
mod definitions;
mod endpoints;
mod events;
mod metadata;
mod pod_priority;
mod pods;
mod rbac;
mod run_time;
