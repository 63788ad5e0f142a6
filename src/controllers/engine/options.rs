//! Which controllers run: those that every server has, and those that are asked for.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use super::controller::Controller;
use crate::controllers::{
    services::{
        endpoint_slices::EndpointSliceController,
        endpoints::EndpointsController,
        load_balancers::{LoadBalancers, LoadBalancing},
        mirroring::MirroringController,
        service_cidrs::ServiceCidrController,
    },
    simulation::{nodes::NodeSimulator, options::Simulation, pods::PodSimulator},
    upkeep::{
        aggregation::AggregationController, api_server::ApiServer, essentials::Essentials, event_expiry::EventExpiry,
        garbage::GarbageCollector, namespace_contents::NamespaceContents, namespaces::NamespaceController,
        policy_status::PolicyStatusController, resource_quotas::ResourceQuotaController,
    },
    workloads::{
        deployments::DeploymentController, disruption::DisruptionController, replica_sets::ReplicaSetController,
    },
};

/// The controllers that every server has.
const CONTROLLERS: &[fn() -> Box<dyn Controller>] = &[
    || Box::new(AggregationController),
    || Box::<DeploymentController>::default(),
    || Box::<DisruptionController>::default(),
    || Box::<EndpointsController>::default(),
    || Box::<EndpointSliceController>::default(),
    || Box::new(MirroringController),
    || Box::<GarbageCollector>::default(),
    || Box::new(NamespaceContents::Account),
    || Box::new(NamespaceContents::Certificate),
    || Box::<NamespaceController>::default(),
    || Box::new(PolicyStatusController),
    || Box::<ReplicaSetController>::default(),
    || Box::<ResourceQuotaController>::default(),
    || Box::<ServiceCidrController>::default(),
];

/// What is asked of the controllers. By default only those run that every server has.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What every cluster has is put back when it is removed; the `kubernetes` Service leads there.
    pub advertised: Option<SocketAddr>,
    /// Events are removed when nobody has touched them for so long.
    pub event_ttl: Option<Duration>,
    /// Nodes and pods are simulated.
    pub simulation: Option<Simulation>,
    /// Load balancers get addresses.
    pub load_balancing: Option<LoadBalancing>,
    /// The API server shows that it is there.
    pub api_server: Option<ApiServer>,
    /// Controllers that do not run, by the names of kube-controller-manager.
    pub disabled: BTreeSet<String>,
}

/// The names that kube-controller-manager gives controllers which sign their writes with another one.
const MANAGER_NAMES: &[(&str, &str)] = &[
    ("endpointslice-controller.k8s.io", "endpointslice-controller"),
    ("endpointslicemirroring-controller.k8s.io", "endpointslice-mirroring-controller"),
    ("service-controller", "service-lb-controller"),
];

/// The controllers of kube-controller-manager that can run here, by its names. The others here are of the API server
/// itself, or simulate something.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = CONTROLLERS.iter().map(|new| manager_name(new().name())).collect();
    names.push("service-lb-controller");
    names
}

/// What runs in a kube-controller-manager by this name, or beside it.
pub fn manager_name(name: &'static str) -> &'static str {
    MANAGER_NAMES.iter().find(|(own, _)| *own == name).map_or(name, |(_, managers)| managers)
}

impl Options {
    /// The controllers that run: those of every server, and those that are asked for.
    pub fn controllers(&self) -> Vec<Box<dyn Controller>> {
        let mut controllers: Vec<_> = CONTROLLERS.iter().map(|new| new()).collect();
        if let Some(advertised) = self.advertised {
            controllers.push(Box::new(Essentials::new(advertised)));
        }
        if let Some(ttl) = self.event_ttl {
            controllers.push(Box::new(EventExpiry::new(ttl)));
        }
        if let Some(api_server) = &self.api_server {
            controllers.push(Box::new(api_server.clone()));
        }
        if let Some(simulation) = &self.simulation {
            controllers.push(Box::new(NodeSimulator));
            controllers.push(Box::new(PodSimulator::new(simulation.clone())));
        }
        if let Some(settings) = &self.load_balancing {
            controllers.push(Box::new(LoadBalancers::new(settings.clone())));
        }
        controllers.retain(|controller| !self.disabled.contains(manager_name(controller.name())));
        controllers
    }
}
