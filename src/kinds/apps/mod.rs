//! Deployments and ReplicaSets.

pub mod scale;
pub mod workload;

kinds! {
    deployment,
    replica_set,
}
