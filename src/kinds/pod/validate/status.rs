//! Checks of updates of a pod's status.

use std::collections::{HashMap, HashSet};

use k8s_openapi::api::core::v1::{
    Container, ContainerStatus, LinuxContainerUser, PodCondition, PodExtendedResourceClaimStatus,
    PodResourceClaimStatus, PodSpec, PodStatus, ResourceStatus,
};
use serde_json::{Value, json};

use super::{
    super::{
        typed::{self, list, text},
        update,
    },
    spec_of,
};
use crate::kinds::rules::{check, ip};
use crate::object::{FieldError, FieldErrors, Path, names};

/// Checks a status update.
pub fn errors(pod: &Value, old: &Value) -> FieldErrors {
    let path = Path::new("status");
    let status = |pod: &Value| typed::decode::<PodStatus>(&path, pod.get("status"));
    let (new, before, spec) = match (status(pod), status(old), spec_of(old)) {
        (Ok(new), Ok(before), Ok(spec)) => (new, before, spec),
        (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => return vec![error],
    };
    let mut errors = update::annotation_errors(pod, old);
    errors.extend(condition_errors(&Path::new("metadata").child("conditions"), list(&new.conditions)));
    errors.extend(check::not_negative(&path.child("observedGeneration"), new.observed_generation.unwrap_or_default()));
    let node = text(&new.nominated_node_name);
    if node != text(&before.nominated_node_name) {
        errors.extend(check::rule_if_given(&path.child("nominatedNodeName"), node, names::dns1123_subdomain));
    }
    let class = text(&new.qos_class);
    if class != text(&before.qos_class) {
        errors.push(FieldError::invalid(&path.child("qosClass"), class, "field is immutable"));
    }
    errors.extend(container_errors(&path, &new, &before, &spec));
    let claims = list(&new.resource_claim_statuses);
    errors.extend(claim_errors(&path.child("resourceClaimStatuses"), claims, &spec));
    if let Some(claim) = &new.extended_resource_claim_status {
        errors.extend(extended_errors(&path.child("extendedResourceClaimStatus"), claim, &spec));
    }
    let ips: Vec<_> = list(&new.pod_ips).iter().map(|ip| ip.ip.as_str()).collect();
    errors.extend(ip_errors(&path.child("podIPs"), &ips, true));
    let host_ips: Vec<_> = list(&new.host_ips).iter().map(|ip| ip.ip.as_str()).collect();
    if let Some(first) = host_ips.first().filter(|first| **first != text(&new.host_ip)) {
        let path = path.child("hostIPs").index(0).child("ip");
        errors.push(FieldError::invalid(&path, *first, "must be equal to `hostIP`"));
    }
    errors.extend(ip_errors(&path.child("hostIPs"), &host_ips, false));
    errors.extend(health_errors(&path, &new, &spec));
    errors
}

fn condition_errors(path: &Path, conditions: &[PodCondition]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, condition) in conditions.iter().enumerate() {
        let path = path.index(i);
        let generation = condition.observed_generation.unwrap_or_default();
        errors.extend(check::not_negative(&path.child("observedGeneration"), generation));
        let kind = condition.type_.as_str();
        if !["PodScheduled", "Ready", "Initialized"].contains(&kind) {
            errors.extend(check::rule(&path.child("Type"), kind, names::qualified_name));
        }
    }
    errors
}

/// A container that ended for good does not come back.
fn container_errors(path: &Path, new: &PodStatus, old: &PodStatus, spec: &PodSpec) -> FieldErrors {
    let policy = text(&spec.restart_policy);
    let init: HashMap<_, _> =
        list(&spec.init_containers).iter().map(|container| (container.name.as_str(), container)).collect();
    let regular: HashMap<_, _> = spec.containers.iter().map(|container| (container.name.as_str(), container)).collect();
    let comes_back = |container: Option<&&Container>, status: &ContainerStatus| {
        let own = container.map(|container| text(&container.restart_policy)).filter(|own| !own.is_empty());
        let rules = container.is_some_and(|container| !list(&container.restart_policy_rules).is_empty());
        let code = status.state.as_ref().and_then(|state| state.terminated.as_ref()).map(|end| end.exit_code);
        rules
            || match own.unwrap_or(policy) {
                "Always" => true,
                "OnFailure" => code != Some(0),
                _ => false,
            }
    };
    let mut errors = FieldErrors::new();
    let (now, before) = (list(&new.container_statuses), list(&old.container_statuses));
    let may = |status: &ContainerStatus| comes_back(regular.get(status.name.as_str()), status);
    errors.extend(transition_errors(&path.child("containerStatuses"), now, before, may));
    let (now, before) = (list(&new.init_container_statuses), list(&old.init_container_statuses));
    let may = |status: &ContainerStatus| comes_back(init.get(status.name.as_str()), status);
    errors.extend(transition_errors(&path.child("initContainerStatuses"), now, before, may));
    let (now, before) = (list(&new.ephemeral_container_statuses), list(&old.ephemeral_container_statuses));
    errors.extend(transition_errors(&path.child("ephemeralContainerStatuses"), now, before, |_| false));
    errors
}

fn transition_errors(
    path: &Path,
    now: &[ContainerStatus],
    before: &[ContainerStatus],
    comes_back: impl Fn(&ContainerStatus) -> bool,
) -> FieldErrors {
    let has_ended = |status: &ContainerStatus| status.state.as_ref().is_some_and(|state| state.terminated.is_some());
    let mut alive: HashMap<_, usize> = HashMap::new();
    for status in now.iter().filter(|status| !has_ended(status)) {
        *alive.entry(status.name.as_str()).or_default() += 1;
    }
    let mut errors = FieldErrors::new();
    for (i, status) in before.iter().enumerate().filter(|(_, status)| has_ended(status) && !comes_back(status)) {
        let error = || {
            let detail = "may not be transitioned to non-terminated state";
            FieldError::forbidden(&path.index(i).child("state"), detail)
        };
        // A second status of the same name does not change what has been said.
        errors.extend(alive.get(status.name.as_str()).map(|_| error()));
    }
    errors
}

fn claim_errors(path: &Path, statuses: &[PodResourceClaimStatus], spec: &PodSpec) -> FieldErrors {
    let known: HashSet<_> = list(&spec.resource_claims).iter().map(|claim| claim.name.as_str()).collect();
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, status) in statuses.iter().enumerate() {
        let (name, path) = (status.name.as_str(), path.index(i).child("name"));
        if !known.contains(name) {
            let detail = "must match the name of an entry in `spec.resourceClaims`";
            errors.push(FieldError::invalid(&path, name, detail));
        }
        if !seen.insert(name) {
            errors.push(FieldError::duplicate(&path, name));
        }
        if let Some(claim) = &status.resource_claim_name {
            errors.extend(check::rule(&path, claim, names::dns1123_subdomain));
        }
    }
    errors
}

/// Checks which requests of which containers a claim is for that was made for them.
fn extended_errors(path: &Path, status: &PodExtendedResourceClaimStatus, spec: &PodSpec) -> FieldErrors {
    let containers = list(&spec.init_containers).iter().chain(&spec.containers);
    let known: HashSet<_> = containers.map(|container| container.name.as_str()).collect();
    let mut errors = FieldErrors::new();
    let name = status.resource_claim_name.as_str();
    errors.extend(check::rule(&path.child("resourceClaimName"), name, names::dns1123_subdomain));
    for (i, mapping) in status.request_mappings.iter().enumerate() {
        let at = path.child("requestMappings").index(i);
        let container = mapping.container_name.as_str();
        if !known.contains(container) {
            let detail = "must match the name of an entry in spec.initContainers.name or spec.containers.name";
            errors.push(FieldError::invalid(&at.child("containerName"), container, detail));
        }
        errors.extend(check::rule(&path.child("requestName"), &mapping.request_name, names::dns1123_label));
    }
    errors
}

/// Checks addresses: at most one of each family. Those of pods and of hosts are looked at in a different order.
fn ip_errors(path: &Path, ips: &[&str], repeats_last: bool) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, address) in ips.iter().enumerate() {
        errors.extend(ip::legacy(&path.index(i), address));
    }
    if ips.len() < 2 {
        return errors;
    }
    let shown = |address: &str| json!({"IP": address});
    let mut seen = HashSet::new();
    let repeated = ips.iter().enumerate().filter(|(_, address)| !seen.insert(**address));
    let repeated: Vec<_> = repeated.map(|(i, address)| FieldError::duplicate(&path.index(i), shown(address))).collect();
    if !repeats_last {
        errors.extend(repeated.iter().cloned());
    }
    let families: Vec<_> = ips.iter().map(|address| ip::family(address)).collect();
    if let Some(i) = families.iter().position(Option::is_none) {
        let detail = format!("failed to check for dual stack with error:invalid IP: {}", ips[i]);
        errors.push(FieldError::internal(path, &detail));
    }
    let distinct = families.iter().all(Option::is_some) && families[1..].iter().any(|family| *family != families[0]);
    if !distinct || ips.len() > 2 {
        let all: Vec<_> = ips.iter().map(|address| shown(address)).collect();
        errors.push(FieldError::invalid(path, all, "may specify no more than one IP for each IP family"));
    }
    if repeats_last {
        errors.extend(repeated);
    }
    errors
}

/// Checks whose users containers run as, and how their devices are.
fn health_errors(path: &Path, status: &PodStatus, spec: &PodSpec) -> FieldErrors {
    let os = spec.os.as_ref().map_or("linux", |os| os.name.as_str());
    let lists = [
        ("containerStatuses", list(&status.container_statuses), spec.containers.as_slice()),
        ("initContainerStatuses", list(&status.init_container_statuses), list(&spec.init_containers)),
        ("ephemeralContainerStatuses", list(&status.ephemeral_container_statuses), &[]),
    ];
    let mut errors = FieldErrors::new();
    for (member, statuses, _) in &lists {
        for (i, status) in statuses.iter().enumerate() {
            let path = path.child(member).index(i).child("linux");
            match (os, status.user.as_ref().and_then(|user| user.linux.as_ref())) {
                (_, None) => {}
                ("windows", _) => errors.push(FieldError::forbidden(&path, "cannot be set for a windows pod")),
                (_, Some(user)) => errors.extend(user_errors(&path, user)),
            }
        }
    }
    for (member, statuses, containers) in lists {
        let containers: HashMap<_, _> = containers.iter().map(|c| (c.name.as_str(), c)).collect();
        for (i, status) in statuses.iter().enumerate() {
            let path = path.child(member).index(i).child("allocatedResourcesStatus");
            let devices = list(&status.allocated_resources_status);
            if member.starts_with("ephemeral") {
                let detail = "must not be specified in container status";
                errors.extend((!devices.is_empty()).then(|| FieldError::forbidden(&path, detail)));
                continue;
            }
            let container = containers.get(status.name.as_str());
            errors.extend(device_errors(&path, devices, container.copied()));
        }
    }
    errors
}

fn user_errors(path: &Path, user: &LinuxContainerUser) -> FieldErrors {
    let max = i64::from(i32::MAX);
    let id = |path: Path, id: i64| check::in_range(&path, id, 0..=max, (0, max));
    let mut errors: FieldErrors = id(path.child("uid"), user.uid).into_iter().collect();
    errors.extend(id(path.child("gid"), user.gid));
    let groups = list(&user.supplemental_groups).iter().enumerate();
    errors.extend(groups.filter_map(|(i, group)| id(path.child("supplementalGroups").index(i), *group)));
    errors
}

fn device_errors(path: &Path, devices: &[ResourceStatus], container: Option<&Container>) -> FieldErrors {
    let resources = container.and_then(|container| container.resources.as_ref());
    let claims: HashSet<_> = resources
        .iter()
        .flat_map(|resources| list(&resources.claims))
        .map(|claim| match text(&claim.request) {
            "" => format!("claim:{}", claim.name),
            request => format!("claim:{}/{request}", claim.name),
        })
        .collect();
    let requests = resources.and_then(|resources| resources.requests.as_ref());
    let mut errors = FieldErrors::new();
    for (i, device) in devices.iter().enumerate() {
        let path = path.index(i);
        let name = device.name.as_str();
        let (known, detail) = match name.starts_with("claim:") {
            true => (
                claims.contains(name),
                "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or \
                 'claim:<claimName>' if request is empty",
            ),
            false => (
                requests.is_some_and(|requests| requests.contains_key(name)),
                "must match one of the container's resource requests",
            ),
        };
        if container.is_some() && !known {
            errors.push(FieldError::invalid(&path.child("name"), name, detail));
        }
        let mut seen = HashSet::new();
        for (j, health) in list(&device.resources).iter().enumerate() {
            let path = path.child("resources").index(j);
            let states = &["Healthy", "Unhealthy", "Unknown"];
            let state = text(&health.health);
            if !states.contains(&state) {
                errors.push(FieldError::not_supported(&path.child("health"), state, states));
            }
            let id = health.resource_id.as_str();
            if !seen.insert(id) {
                errors.push(FieldError::duplicate(&path.child("resourceID"), id));
            }
        }
    }
    errors
}
