//! Deployments and ReplicaSets.

pub mod workload;

kinds! {
    deployment,
    replica_set,
}
