//! What keeps pods running, and what it remembers.

pub mod scale;
pub mod workload;

kinds! {
    controller_revision,
    daemon_set,
    deployment,
    replica_set,
    stateful_set,
}
