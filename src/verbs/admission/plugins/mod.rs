//! The in-process plugins, under kube-apiserver's names and in its order.

mod default_ingress_class;
mod kind_plugins;
mod limit_ranger;
mod namespace_lifecycle;
mod namespaced;
mod pod_security;
mod resource_quota;
mod service_account;

use std::sync::Arc;

use super::Admission;
use crate::store::Store;

/// The plugins that come before webhooks and policies, and those that come after them and so see what these have made.
pub fn built_in(store: &Store) -> [Vec<Arc<dyn Admission>>; 2] {
    let before: Vec<Arc<dyn Admission>> = vec![
        Arc::new(namespace_lifecycle::NamespaceLifecycle),
        Arc::new(limit_ranger::LimitRanger::new(store.clone())),
        Arc::new(service_account::ServiceAccount),
        Arc::new(pod_security::PodSecurity),
        Arc::new(kind_plugins::KindPlugins),
        Arc::new(default_ingress_class::DefaultIngressClass),
    ];
    [before, vec![Arc::new(resource_quota::ResourceQuota::new(store.clone()))]]
}
