//! The rules of each kind.

mod batch;
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
mod storage;
mod workloads;
