//! Descriptions of types and fields, joined at run time from the schemas that `k8s-openapi` carries.

use std::{collections::HashMap, sync::OnceLock};

use k8s_openapi::{
    api::{
        admissionregistration::v1 as admission, apps::v1 as apps, authentication::v1 as authentication,
        authorization::v1 as authorization, autoscaling::v1 as autoscaling, autoscaling::v2 as autoscaling_v2,
        batch::v1 as batch, certificates::v1 as certificates, coordination::v1 as coordination, core::v1 as core,
        discovery::v1 as discovery, events::v1 as events, flowcontrol::v1 as flowcontrol, networking::v1 as networking,
        node::v1 as node, policy::v1 as policy, rbac::v1 as rbac, resource::v1 as resource,
        scheduling::v1 as scheduling, storage::v1 as storage,
    },
    apiextensions_apiserver::pkg::apis::apiextensions::v1 as apiextensions,
    apimachinery::pkg::apis::meta::v1 as meta,
    kube_aggregator::pkg::apis::apiregistration::v1 as apiregistration,
    schemars::SchemaGenerator,
};
use serde_json::Value;

/// The description of a built-in type, or of one of its fields.
pub fn description(name: &str, field: Option<&str>) -> Option<&'static str> {
    let described = PACKAGES.iter().find(|p| name.starts_with(p.prefix))?.types().get(name);
    match (described, field) {
        (Some(described), Some(field)) => described.fields.get(field).map(String::as_str),
        (Some(described), None) => described.text.as_deref(),
        // Every kind describes these in the same words; `k8s-openapi` has no schemas of lists.
        (None, Some("kind" | "apiVersion")) if name != TYPICAL => description(TYPICAL, field),
        (None, _) => None,
    }
}

const TYPICAL: &str = "api.core.v1.ConfigMap";

/// The types of one Go package, described when the first of them is asked for.
struct Package {
    prefix: &'static str,
    /// Makes the schemas of the package's types, and of all types that those use.
    generate: fn(&mut SchemaGenerator),
    types: OnceLock<HashMap<String, Described>>,
}

#[derive(Debug)]
struct Described {
    text: Option<String>,
    fields: HashMap<String, String>,
}

/// Lists packages with the types from which all others of the package are reached.
macro_rules! packages {
    ($($prefix:literal: $($ty:ty),*;)*) => {
        static PACKAGES: [Package; [$($prefix),*].len()] = [$(Package {
            prefix: $prefix,
            generate: |generator| {
                $(generator.subschema_for::<$ty>();)*
            },
            types: OnceLock::new(),
        }),*];
    };
}

packages! {
    "api.core.v1.": core::Binding, core::ComponentStatus, core::ConfigMap, core::Endpoints, core::Event,
        core::LimitRange, core::Namespace, core::Node, core::PersistentVolume, core::PersistentVolumeClaim, core::Pod,
        core::PodTemplate, core::ReplicationController, core::ResourceQuota, core::Secret, core::Service,
        core::ServiceAccount;
    "api.apps.v1.": apps::ControllerRevision, apps::DaemonSet, apps::Deployment, apps::ReplicaSet, apps::StatefulSet;
    "api.admissionregistration.v1.": admission::MutatingAdmissionPolicy, admission::MutatingAdmissionPolicyBinding,
        admission::MutatingWebhookConfiguration, admission::ValidatingAdmissionPolicy,
        admission::ValidatingAdmissionPolicyBinding, admission::ValidatingWebhookConfiguration;
    "api.autoscaling.v1.": autoscaling::HorizontalPodAutoscaler, autoscaling::Scale;
    "api.autoscaling.v2.": autoscaling_v2::HorizontalPodAutoscaler;
    "api.batch.v1.": batch::CronJob, batch::Job;
    "api.certificates.v1.": certificates::CertificateSigningRequest;
    "api.flowcontrol.v1.": flowcontrol::FlowSchema, flowcontrol::PriorityLevelConfiguration;
    "api.node.v1.": node::RuntimeClass;
    "api.resource.v1.": resource::DeviceClass, resource::ResourceClaim, resource::ResourceClaimTemplate,
        resource::ResourceSlice;
    "api.scheduling.v1.": scheduling::PriorityClass;
    "api.storage.v1.": storage::CSIDriver, storage::CSINode, storage::CSIStorageCapacity, storage::StorageClass,
        storage::VolumeAttachment, storage::VolumeAttributesClass;
    "kube-aggregator.pkg.apis.apiregistration.v1.": apiregistration::APIService;
    "api.discovery.v1.": discovery::EndpointSlice;
    "api.networking.v1.": networking::IPAddress, networking::Ingress, networking::IngressClass,
        networking::NetworkPolicy, networking::ServiceCIDR;
    "api.coordination.v1.": coordination::Lease;
    "api.events.v1.": events::Event;
    "api.authentication.v1.": authentication::SelfSubjectReview, authentication::TokenRequest,
        authentication::TokenReview;
    "api.authorization.v1.": authorization::LocalSubjectAccessReview, authorization::SelfSubjectAccessReview,
        authorization::SelfSubjectRulesReview, authorization::SubjectAccessReview;
    "api.policy.v1.": policy::Eviction, policy::PodDisruptionBudget;
    "api.rbac.v1.": rbac::ClusterRole, rbac::ClusterRoleBinding, rbac::Role, rbac::RoleBinding;
    "apiextensions-apiserver.": apiextensions::CustomResourceDefinition;
    "apimachinery.": meta::ObjectMeta, meta::ListMeta, meta::Status, meta::DeleteOptions, meta::Condition,
        meta::LabelSelector, meta::APIGroupList, meta::APIResourceList, meta::APIVersions,
        meta::WatchEvent<k8s_openapi::api::core::v1::ConfigMap>, meta::MicroTime,
        k8s_openapi::apimachinery::pkg::api::resource::Quantity,
        k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
}

impl Package {
    fn types(&self) -> &HashMap<String, Described> {
        self.types.get_or_init(|| {
            let mut generator = SchemaGenerator::default();
            (self.generate)(&mut generator);
            let schemas = generator.take_definitions(true).into_iter();
            schemas
                .filter_map(|(name, schema)| Some((name.strip_prefix("io.k8s.")?.to_owned(), schema)))
                .filter(|(name, _)| name.starts_with(self.prefix))
                .map(|(name, schema)| (name, Described::from(schema)))
                .collect()
        })
    }
}

impl From<Value> for Described {
    fn from(mut schema: Value) -> Self {
        let mut fields = HashMap::new();
        if let Some(Value::Object(properties)) = schema.get_mut("properties").map(Value::take) {
            fields.extend(properties.into_iter().filter_map(|(name, field)| Some((name, text(field)?))));
        }
        Self { text: text(schema), fields }
    }
}

fn text(mut schema: Value) -> Option<String> {
    match schema.get_mut("description").map(Value::take) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}
