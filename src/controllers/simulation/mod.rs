//! Stands in for kubelets and the scheduler: nodes, and pods that become ready.

pub mod nodes;
pub mod options;
pub mod pod_status;
pub mod pods;
pub mod scheduling;
pub mod simulated_pod;
