//! Which controllers run beside those that every server has.

use std::{net::IpAddr, time::Duration};

use crate::controllers::{
    Controller,
    services::load_balancers::{LoadBalancers, LoadBalancing},
    simulation::{nodes::NodeSimulator, options::Simulation, pods::PodSimulator},
    upkeep::{essentials::Essentials, event_expiry::EventExpiry},
};

/// What is asked of the controllers. By default only those run that every server has.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What every cluster has is put back when it is removed; the `kubernetes` Service leads to this address.
    pub advertised: Option<IpAddr>,
    /// Events are removed when nobody has touched them for so long.
    pub event_ttl: Option<Duration>,
    /// Nodes and pods are simulated.
    pub simulation: Option<Simulation>,
    /// Load balancers get addresses.
    pub load_balancing: Option<LoadBalancing>,
}

impl Options {
    pub fn controllers(&self) -> Vec<Box<dyn Controller>> {
        let mut controllers: Vec<Box<dyn Controller>> = Vec::new();
        if let Some(advertised) = self.advertised {
            controllers.push(Box::new(Essentials::new(advertised)));
        }
        if let Some(ttl) = self.event_ttl {
            controllers.push(Box::new(EventExpiry::new(ttl)));
        }
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
