//! Deployments and ReplicaSets.

mod scale;
pub mod workload;

kinds! {
    deployment,
    replica_set,
}
