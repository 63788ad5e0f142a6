//! What follows the cluster: the informer and its indexes, shared by everything that reacts to changes.

pub mod change;
pub mod condition;
mod correlator;
pub mod decode;
pub mod informer;
pub mod meta_view;
pub mod node_view;
pub mod pod_view;
pub mod recorder;
pub mod selection;
pub mod service_view;
