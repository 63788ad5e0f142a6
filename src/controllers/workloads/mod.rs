//! Deployments and ReplicaSets, and the budgets of their pods.

mod adoption;
mod bounds;
mod deployment_status;
pub mod deployments;
pub mod disruption;
mod go_dump;
pub mod ownership;
pub mod replica_sets;
mod rollout;
mod template;
mod versions;
mod views;
