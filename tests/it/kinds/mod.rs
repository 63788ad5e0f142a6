//! The rules of each kind.

mod batch;
mod cluster;
mod control;
mod costs;
mod data;
mod definitions;
mod drivers;
mod endpoints;
mod events;
mod metadata;
mod pod;
mod rbac;
mod run_time;
mod sets;
mod storage;
mod workloads;
