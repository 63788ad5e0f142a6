//! Versions of kinds that a Go server knows, but that no API serves any more. Old manifests still state them.

/// The group that has the kind today.
pub fn former_home(api_version: &str, kind: &str) -> Option<&'static str> {
    let mut known = FORMER.iter().filter(|(of, ..)| *of == api_version);
    known.find(|(.., kinds)| kinds.contains(&kind)).map(|(_, home, _)| *home)
}

const RBAC: &[&str] = &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];

/// A version, the group its kinds are in today, and the kinds.
const FORMER: &[(&str, &str, &[&str])] = &[
    (
        "admissionregistration.k8s.io/v1beta1",
        "admissionregistration.k8s.io",
        &[
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ],
    ),
    ("apiextensions.k8s.io/v1beta1", "apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("apps/v1beta1", "apps", &["ControllerRevision", "Deployment", "StatefulSet"]),
    ("apps/v1beta2", "apps", &["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("autoscaling/v2beta1", "autoscaling", &["HorizontalPodAutoscaler"]),
    ("autoscaling/v2beta2", "autoscaling", &["HorizontalPodAutoscaler"]),
    ("batch/v1beta1", "batch", &["CronJob"]),
    ("certificates.k8s.io/v1beta1", "certificates.k8s.io", &["CertificateSigningRequest"]),
    ("coordination.k8s.io/v1beta1", "coordination.k8s.io", &["Lease"]),
    ("discovery.k8s.io/v1beta1", "discovery.k8s.io", &["EndpointSlice"]),
    ("events.k8s.io/v1beta1", "events.k8s.io", &["Event"]),
    ("extensions/v1beta1", "apps", &["DaemonSet", "Deployment", "ReplicaSet"]),
    ("extensions/v1beta1", "networking.k8s.io", &["Ingress", "NetworkPolicy"]),
    ("networking.k8s.io/v1beta1", "networking.k8s.io", &["IPAddress", "Ingress", "IngressClass", "ServiceCIDR"]),
    ("node.k8s.io/v1beta1", "node.k8s.io", &["RuntimeClass"]),
    ("policy/v1beta1", "policy", &["Eviction", "PodDisruptionBudget"]),
    ("rbac.authorization.k8s.io/v1alpha1", "rbac.authorization.k8s.io", RBAC),
    ("rbac.authorization.k8s.io/v1beta1", "rbac.authorization.k8s.io", RBAC),
    ("scheduling.k8s.io/v1beta1", "scheduling.k8s.io", &["PriorityClass"]),
    (
        "storage.k8s.io/v1beta1",
        "storage.k8s.io",
        &["CSIDriver", "CSINode", "CSIStorageCapacity", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"],
    ),
];
