//! Puts back what every cluster has when somebody removes it: the `kubernetes` Service and what leads from it to this
//! server, the default ServiceCIDR, and the first namespaces.

use std::{net::SocketAddr, time::Duration};

use futures_util::future::BoxFuture;

use super::bootstrap;
use crate::{
    controllers::engine::controller::{Context, Controller},
    world::change::Change,
};
use crate::{
    kinds::{
        core::{endpoints, namespace},
        endpoint_slice,
        networking::service_cidr,
        service,
    },
    object::status::Result,
};

/// How long something is missing; a kube-apiserver looks this often.
const INTERVAL: Duration = Duration::from_secs(10);

pub struct Essentials {
    advertised: SocketAddr,
}

impl Essentials {
    pub fn new(advertised: SocketAddr) -> Self {
        Self { advertised }
    }
}

impl Controller for Essentials {
    fn name(&self) -> &'static str {
        "kubernetes-service-controller"
    }

    fn keys(&self, change: &Change, Context { queue, .. }: Context<'_>) -> Vec<String> {
        let is_essential = match change.key.namespace() {
            Some(namespace) => {
                let leads_here =
                    [&service::DEF, &endpoints::DEF, &endpoint_slice::DEF].iter().any(|def| change.is(def));
                leads_here && (namespace, change.key.name()) == (bootstrap::NAMESPACE, bootstrap::NAME)
            }
            None if change.is(&namespace::DEF) => bootstrap::NAMESPACES.contains(&change.key.name()),
            None => change.is(&service_cidr::DEF) && change.key.name() == bootstrap::NAME,
        };
        if is_essential && change.is_removal() {
            queue.requeue_after(String::new(), INTERVAL);
        }
        Vec::new()
    }

    fn reconcile<'a>(&'a self, _key: &'a str, Context { world, .. }: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(bootstrap::ensure_essentials(&world.api, self.advertised))
    }
}
