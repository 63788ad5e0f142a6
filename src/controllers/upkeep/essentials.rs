//! Puts back what every cluster has when somebody removes it: the `kubernetes` Service and what leads from it to this
//! server, the default ServiceCIDR, and the first namespaces.

use std::{net::IpAddr, sync::OnceLock, time::Duration};

use futures_util::future::BoxFuture;

use super::bootstrap;
use crate::{
    controllers::{Controller, engine::queue::Queue},
    world::informer::{Change, Informers},
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
    advertised: IpAddr,
    queue: OnceLock<Queue>,
}

impl Essentials {
    pub fn new(advertised: IpAddr) -> Self {
        Self { advertised, queue: OnceLock::new() }
    }
}

impl Controller for Essentials {
    fn name(&self) -> &'static str {
        "kubernetes-service-controller"
    }

    fn attach(&self, queue: &Queue) {
        self.queue.get_or_init(|| queue.clone());
    }

    fn keys(&self, change: &Change, _world: &Informers) -> Vec<String> {
        let is_essential = match change.key.namespace() {
            Some(namespace) => {
                let leads_here =
                    [&service::DEF, &endpoints::DEF, &endpoint_slice::DEF].iter().any(|def| change.is(def));
                leads_here && (namespace, change.key.name()) == (bootstrap::NAMESPACE, bootstrap::NAME)
            }
            None if change.is(&namespace::DEF) => bootstrap::NAMESPACES.contains(&change.key.name()),
            None => change.is(&service_cidr::DEF) && change.key.name() == bootstrap::NAME,
        };
        if let Some(queue) = self.queue.get().filter(|_| is_essential && change.is_removal()) {
            queue.remind(String::new(), INTERVAL);
        }
        Vec::new()
    }

    fn reconcile<'a>(&'a self, _key: &'a str, world: &'a Informers) -> BoxFuture<'a, Result<()>> {
        Box::pin(bootstrap::ensure_essentials(&world.api, self.advertised))
    }
}
