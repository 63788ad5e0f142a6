//! Which controllers run beside those that every server has.

use super::{
    Controller,
    load_balancers::{LoadBalancers, LoadBalancing},
    nodes::NodeSimulator,
    pod_simulator::PodSimulator,
    simulation::Simulation,
};

/// What is asked of the controllers. By default only those run that every server has.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Nodes and pods are simulated.
    pub simulation: Option<Simulation>,
    /// Load balancers get addresses.
    pub load_balancing: Option<LoadBalancing>,
}

impl Options {
    pub(super) fn controllers(&self) -> Vec<Box<dyn Controller>> {
        let mut controllers: Vec<Box<dyn Controller>> = Vec::new();
        if let Some(simulation) = &self.simulation {
            controllers.push(Box::new(NodeSimulator));
            controllers.push(Box::new(PodSimulator::new(simulation.clone())));
        }
        if let Some(settings) = &self.load_balancing {
            controllers.push(Box::new(LoadBalancers::new(settings.clone())));
        }
        controllers
    }
}
