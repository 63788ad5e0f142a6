//! What follows the cluster: informers and indexes, shared by everything that reacts to changes.

pub mod informer;
pub mod pod_view;
pub mod selection;
