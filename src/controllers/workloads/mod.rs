//! Deployments and ReplicaSets.

mod adoption;
mod bounds;
mod deployment_status;
pub mod deployments;
mod go_dump;
pub mod ownership;
pub mod replica_sets;
mod rollout;
mod template;
mod versions;
mod views;
