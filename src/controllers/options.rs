//! Which controllers run beside those that every server shares.

use super::{Controller, deployments::DeploymentController, replica_sets::ReplicaSetController};

/// What is asked of the controllers.
#[derive(Clone, Debug, Default)]
pub struct Options {}

impl Options {
    /// The controllers that remember something, new for each server.
    pub(super) fn controllers(&self) -> Vec<Box<dyn Controller>> {
        vec![Box::<DeploymentController>::default(), Box::<ReplicaSetController>::default()]
    }
}
