//! The plugins that run only where they are enabled, as in kube-apiserver.

mod always_deny;
mod always_pull_images;
mod deny_service_external_ips;
mod extended_resource_toleration;
mod limit_pod_hard_anti_affinity_topology;
mod namespace_auto_provision;
mod namespace_exists;
mod owner_references;
mod pod_node_selector;
mod pod_toleration_restriction;

pub use always_deny::{AlwaysAdmit, AlwaysDeny};
pub use always_pull_images::AlwaysPullImages;
pub use deny_service_external_ips::DenyServiceExternalIps;
pub use extended_resource_toleration::ExtendedResourceToleration;
pub use limit_pod_hard_anti_affinity_topology::LimitPodHardAntiAffinityTopology;
pub use namespace_auto_provision::NamespaceAutoProvision;
pub use namespace_exists::NamespaceExists;
pub use owner_references::OwnerReferencesPermissionEnforcement;
pub use pod_node_selector::PodNodeSelector;
pub use pod_toleration_restriction::PodTolerationRestriction;

use serde_json::Value;

use super::namespace_lifecycle::shown_name;
use crate::{
    kinds::core::namespace,
    object::{Status, meta},
    verbs::{
        Api,
        admission::{Attributes, Operation, Review},
    },
};

/// Whether something is created or updated.
fn is_write(attributes: &Attributes<'_>) -> bool {
    matches!(attributes.operation, Operation::Create | Operation::Update)
}

/// Refuses the request for this reason.
pub(super) fn forbidden(review: &Review<'_>, why: &str) -> Box<Status> {
    let def = &review.attributes.target.def;
    let object = review.object.as_deref().or(review.old).unwrap_or(&Value::Null);
    let name = match review.attributes.target.name() {
        "" => shown_name(object),
        name => name,
    };
    Status::forbidden(&def.gvk.group, &def.plural, name, why)
}

/// An annotation of the request's namespace.
fn namespace_annotation(api: &Api, review: &mut Review<'_>, name: &str) -> Option<String> {
    let namespace = review.attributes.target.namespace.as_deref()?.to_owned();
    let namespace = review.rely_on(api, &namespace::DEF, "", &namespace)?;
    meta::at(&namespace, &["metadata", "annotations", name])?.as_str().map(str::to_owned)
}
