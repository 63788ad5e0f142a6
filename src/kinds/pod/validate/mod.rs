//! Checks of pods and of templates for pods, in the order in which a server reports what is wrong.

pub mod affinity;
pub mod annotations;
pub mod containers;
pub mod labels;
mod network;
pub mod scheduling;
mod security;
mod spread;
pub mod status;
pub mod template;
pub mod volumes;
mod windows;

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, PodSpec};
use serde_json::Value;

use self::volumes::Volumes;
use super::typed::{self, list, text};
use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, meta, names};

/// The most that a 32-bit number of seconds can be.
const MAX_SECONDS: i64 = i32::MAX as i64;

/// A spec while it is checked, with what its parts have to know of each other.
pub struct SpecView<'a> {
    /// The spec.
    pub spec: &'a PodSpec,
    /// The name of the pod; a template has none.
    pub pod_name: Option<&'a str>,
    /// The volumes that are fine.
    pub volumes: Volumes<'a>,
    /// The names of the pod's claims for devices.
    pub claims: BTreeSet<&'a str>,
    /// Whether users of the containers are users of the host.
    pub host_users: bool,
}

impl SpecView<'_> {
    /// Whether this is the spec of a pod, not of a template.
    pub fn is_pod(&self) -> bool {
        self.pod_name.is_some()
    }
}

/// Checks a new pod.
pub fn create_errors(pod: &Value) -> FieldErrors {
    let path = Path::new("spec");
    let spec = match spec_of(pod) {
        Ok(spec) => spec,
        Err(error) => return vec![error],
    };
    let mut errors = errors(pod, &spec);
    if !list(&spec.ephemeral_containers).is_empty() {
        errors.push(FieldError::forbidden(&path.child("ephemeralContainers"), "cannot be set on create"));
    }
    if !list(&spec.scheduling_gates).is_empty() && !text(&spec.node_name).is_empty() {
        let detail = "cannot be set until all schedulingGates have been cleared";
        errors.push(FieldError::forbidden(&path.child("nodeName"), detail));
    }
    errors.extend(annotations::agreement_errors(&path, meta::map(pod, &["metadata", "annotations"]), &spec));
    errors
}

/// The typed spec of a pod.
pub fn spec_of(pod: &Value) -> Result<PodSpec, FieldError> {
    typed::decode(&Path::new("spec"), pod.get("spec"))
}

/// Checks that hold for new and for updated pods.
pub fn errors(pod: &Value, spec: &PodSpec) -> FieldErrors {
    let path = Path::new("spec");
    let at = Path::new("metadata").child("annotations");
    let mut errors = annotations::errors(&at, meta::map(pod, &["metadata", "annotations"]), spec);
    errors.extend(spec_errors(&path, spec, Some(meta::name(pod))));
    errors.extend(volumes::token_errors(&path.child("volumes"), spec));
    let images = |member: &str, containers: &[Container]| -> FieldErrors {
        let path = path.child(member);
        let containers = containers.iter().enumerate();
        containers.filter_map(|(i, container)| containers::image_space_error(&path.index(i), container)).collect()
    };
    errors.extend(images("containers", &spec.containers));
    errors.extend(images("initContainers", list(&spec.init_containers)));
    errors
}

/// Checks a spec: of a pod with this name, or of a template.
pub fn spec_errors(path: &Path, spec: &PodSpec, pod_name: Option<&str>) -> FieldErrors {
    let pod = pod_name.filter(|name| !name.is_empty());
    let (volumes, mut errors) = volumes::check(&path.child("volumes"), list(&spec.volumes), pod);
    let claims = list(&spec.resource_claims).iter().map(|claim| claim.name.as_str());
    let view = SpecView {
        spec,
        pod_name,
        volumes,
        claims: claims.filter(|name| !name.is_empty()).collect(),
        host_users: spec.host_users.unwrap_or(true),
    };
    let at = path.child("resourceClaims");
    errors.extend(volumes::claims::device_errors(&at, list(&spec.resource_claims)));
    errors.extend(containers::errors(&path.child("containers"), &view));
    errors.extend(containers::init_errors(&path.child("initContainers"), &view));
    errors.extend(containers::ephemeral_errors(&path.child("ephemeralContainers"), &view));
    errors.extend(containers::resources::pod_errors(&path.child("resources"), spec, &view.claims));
    errors.extend(network::host_port_errors(path, &view));
    let policies = &["Always", "OnFailure", "Never"];
    errors.extend(check::one_of(&path.child("restartPolicy"), text(&spec.restart_policy), policies));
    let policies = &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    errors.extend(check::one_of(&path.child("dnsPolicy"), text(&spec.dns_policy), policies));
    errors.extend(labels::errors(&path.child("nodeSelector"), &spec.node_selector));
    if let Some(context) = &spec.security_context {
        errors.extend(security::pod_errors(&path.child("securityContext"), context, spec));
    }
    if let Some(affinity) = &spec.affinity {
        errors.extend(affinity::errors(&path.child("affinity"), affinity));
    }
    errors.extend(network::dns_errors(&path.child("dnsConfig"), spec));
    errors.extend(scheduling::readiness_errors(&path.child("readinessGates"), list(&spec.readiness_gates)));
    errors.extend(scheduling::gate_errors(&path.child("schedulingGates"), list(&spec.scheduling_gates)));
    let at = path.child("topologySpreadConstraints");
    errors.extend(spread::errors(&at, list(&spec.topology_spread_constraints)));
    errors.extend(windows::host_process_errors(path, spec));
    errors.extend(network::user_errors(path, spec));
    errors.extend(scalar_errors(path, spec));
    if let Some(os) = &spec.os {
        errors.extend(windows::os_errors(path, spec, os));
    }
    errors
}

/// Checks the members that are plain texts and numbers, and some lists that a server looks at together with them.
fn scalar_errors(path: &Path, spec: &PodSpec) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let subdomain =
        |member: &str, value: &str| check::rule_if_given(&path.child(member), value, names::dns1123_subdomain);
    errors.extend(subdomain("serviceAccountName", text(&spec.service_account_name)));
    errors.extend(subdomain("nodeName", text(&spec.node_name)));
    if let Some(seconds) = spec.active_deadline_seconds {
        let path = path.child("activeDeadlineSeconds");
        errors.extend(check::in_range(&path, seconds, 1..=MAX_SECONDS, (1, MAX_SECONDS)));
    }
    errors.extend(network::name_errors(path, spec));
    errors.extend(network::override_errors(path, spec));
    errors.extend(scheduling::toleration_errors(&path.child("tolerations"), list(&spec.tolerations)));
    errors.extend(network::alias_errors(&path.child("hostAliases"), list(&spec.host_aliases)));
    errors.extend(subdomain("priorityClassName", text(&spec.priority_class_name)));
    if let Some(class) = &spec.runtime_class_name {
        errors.extend(check::rule(&path.child("runtimeClassName"), class, names::dns1123_subdomain));
    }
    if let Some(policy) = &spec.preemption_policy {
        let policies = &["PreemptLowerPriority", "Never"];
        errors.extend(check::one_of(&path.child("preemptionPolicy"), policy, policies));
    }
    if let Some(overhead) = &spec.overhead {
        errors.extend(containers::resources::overhead_errors(&path.child("overhead"), overhead));
    }
    errors
}

/// All containers, each with its path.
pub fn all_containers(path: &Path, spec: &PodSpec) -> Vec<(Path, Container)> {
    let of = |list: &'static str, i: usize| path.child(list).index(i);
    let init = list(&spec.init_containers).iter().enumerate();
    let regular = spec.containers.iter().enumerate();
    let ephemeral = list(&spec.ephemeral_containers).iter().enumerate();
    init.map(|(i, container)| (of("initContainers", i), container.clone()))
        .chain(regular.map(|(i, container)| (of("containers", i), container.clone())))
        .chain(ephemeral.map(|(i, container)| (of("ephemeralContainers", i), typed::as_container(container))))
        .collect()
}
