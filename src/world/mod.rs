//! What follows the cluster: the informer and its indexes, shared by everything that reacts to changes.

pub mod change;
mod correlator;
pub mod informer;
pub mod pod_view;
pub mod recorder;
pub mod selection;
