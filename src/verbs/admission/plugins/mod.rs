//! The in-process plugins, under kube-apiserver's names and in its order.

mod default_class;
mod default_ingress_class;
mod default_storage_class;
mod default_toleration_seconds;
mod kind_plugins;
mod limit_ranger;
mod namespace_lifecycle;
mod namespaced;
mod optional;
mod persistent_volume_claim_resize;
mod pod_security;
mod priority;
mod resource_quota;
mod runtime_class;
mod service_account;
mod tolerations;

use std::sync::Arc;

use super::{Admission, Attributes, Operation};
use crate::{kinds::pod, store::Store};

/// The plugins that come before webhooks and policies, and those that come after them and so see what these have made.
pub fn built_in(store: &Store) -> [Vec<Arc<dyn Admission>>; 2] {
    let before: Vec<Arc<dyn Admission>> = vec![
        Arc::new(optional::AlwaysAdmit),
        Arc::new(optional::NamespaceAutoProvision),
        Arc::new(namespace_lifecycle::NamespaceLifecycle),
        Arc::new(optional::NamespaceExists),
        Arc::new(optional::LimitPodHardAntiAffinityTopology),
        Arc::new(limit_ranger::LimitRanger::new(store.clone())),
        Arc::new(service_account::ServiceAccount),
        Arc::new(kind_plugins::KindPlugins),
        Arc::new(optional::AlwaysPullImages),
        Arc::<pod_security::PodSecurity>::default(),
        Arc::new(optional::PodNodeSelector),
        Arc::new(priority::Priority),
        Arc::new(default_toleration_seconds::DefaultTolerationSeconds),
        Arc::new(optional::PodTolerationRestriction),
        Arc::new(optional::ExtendedResourceToleration),
        Arc::new(default_storage_class::DefaultStorageClass),
        Arc::new(persistent_volume_claim_resize::PersistentVolumeClaimResize),
        Arc::new(optional::OwnerReferencesPermissionEnforcement),
        Arc::new(runtime_class::RuntimeClass),
        Arc::new(default_ingress_class::DefaultIngressClass),
        Arc::new(optional::DenyServiceExternalIps),
    ];
    [before, vec![Arc::new(resource_quota::ResourceQuota::new(store.clone())), Arc::new(optional::AlwaysDeny)]]
}

/// Whether something is created.
fn is_create(attributes: &Attributes<'_>) -> bool {
    attributes.operation == Operation::Create
}

/// Whether a pod is created or updated, or a part of it.
fn is_pod_write(attributes: &Attributes<'_>) -> bool {
    let writes = matches!(attributes.operation, Operation::Create | Operation::Update);
    writes && attributes.target.def.gvk == pod::DEF.gvk
}
