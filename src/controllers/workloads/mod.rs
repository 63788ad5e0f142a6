//! Deployments and ReplicaSets, and the pods they own.

pub mod adoption;
pub mod deployments;
pub mod ownership;
pub mod replica_sets;
pub mod rollout;
