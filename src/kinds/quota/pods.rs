//! Pods: their number, and what they request and may use at most.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::SignedDuration;
use k8s_openapi::{
    api::core::v1::{Container, ContainerStatus, PodSpec, ResourceRequirements},
    apimachinery::pkg::api::resource,
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Amounts, Evaluator, Write, one,
    scopes::{self, Requirement},
};
use crate::{
    kinds::{
        Moment,
        pod::{self, amounts},
        rules::resources::{is_extended, is_huge_pages, is_native, is_quota_of_huge_pages},
    },
    object::meta,
    text::quantity::Quantity,
};

const COUNT: &str = "count/pods";

/// What of pods has a name of its own.
const MEASURED: [&str; 11] = [
    COUNT,
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
];

/// What each container has to ask for if a quota limits it.
const REQUIRED: [&str; 6] = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

/// The resources that are measured under their name, as requests and as limits.
const COMPUTE: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Measures pods.
pub struct Pods;

impl Evaluator for Pods {
    fn handles(&self, write: &Write<'_>) -> bool {
        match write.subresource {
            "" => write.is_create,
            subresource => subresource == "resize" && !write.is_create,
        }
    }

    fn measures(&self, resource: &str) -> bool {
        let is_extended = !is_native(resource) && resource.starts_with("requests.");
        MEASURED.contains(&resource) || is_quota_of_huge_pages(resource) || is_extended
    }

    fn is_in(&self, scope: &Requirement<'_>, pod: &Value) -> bool {
        match scope.scope {
            scopes::TERMINATING => is_terminating(pod),
            scopes::NOT_TERMINATING => !is_terminating(pod),
            scopes::BEST_EFFORT => is_best_effort(pod),
            scopes::NOT_BEST_EFFORT => !is_best_effort(pod),
            scopes::PRIORITY_CLASS => match meta::text(pod, &["spec", "priorityClassName"]) {
                "" => scope.admits(&[]),
                class => scope.admits(&[class]),
            },
            scopes::CROSS_NAMESPACE_POD_AFFINITY => names_other_namespaces(pod),
            _ => false,
        }
    }

    fn missing(&self, resources: &[&str], pod: &Value) -> Option<String> {
        let mut required: Vec<_> = resources.iter().filter(|name| REQUIRED.contains(name)).collect();
        if required.is_empty() {
            return None;
        }
        let spec = pod::spec(pod);
        if amounts::has_own(&spec) {
            return None;
        }
        required.sort_unstable();
        let containers = || spec.containers.iter().chain(spec.init_containers.iter().flatten());
        let asked: Vec<_> = containers().map(|container| (&container.name, asked(container))).collect();
        let missing = required.into_iter().filter_map(|name| {
            let lacking = asked.iter().filter(|(_, asked)| !asked.contains_key(*name));
            let lacking: BTreeSet<_> = lacking.map(|(container, _)| container.as_str()).collect();
            let lacking: Vec<_> = lacking.into_iter().collect();
            (!lacking.is_empty()).then(|| format!("{name} for: {}", lacking.join(",")))
        });
        let missing: Vec<_> = missing.collect();
        (!missing.is_empty()).then(|| format!("must specify {}", missing.join("; ")))
    }

    fn usage(&self, pod: &Value, now: Moment) -> Amounts {
        let mut usage = Amounts::from([one(COUNT)]);
        if !is_over(pod, now) {
            let spec = spec_with_status(pod);
            let (mut requests, mut limits) = (amounts::pod_requests(&spec), amounts::pod_limits(&spec));
            let overhead = spec.overhead.iter().flatten();
            for (name, amount) in overhead.filter_map(|(name, own)| Some((name, Quantity::parse(&own.0)?))) {
                if let Some(limit) = limits.get_mut(name.as_str()).filter(|limit| limit.nanos() != 0) {
                    limit.add(&amount);
                }
                requests.entry(name).and_modify(|request| request.add(&amount)).or_insert(amount);
            }
            usage.extend(measured(&requests, &limits));
        }
        usage
    }

    fn changes(&self) -> bool {
        true
    }
}

/// What requests and limits count for.
fn measured(requests: &amounts::Amounts<'_>, limits: &amounts::Amounts<'_>) -> Amounts {
    let mut measured = Amounts::from([one("pods")]);
    for (name, request) in requests {
        if COMPUTE.contains(name) || is_huge_pages(name) {
            measured.insert((*name).to_owned(), request.clone());
        }
        if COMPUTE.contains(name) || is_huge_pages(name) || is_extended(name) {
            measured.insert(format!("requests.{name}"), request.clone());
        }
    }
    let limits = limits.iter().filter(|(name, _)| COMPUTE.contains(name));
    measured.extend(limits.map(|(name, limit)| (format!("limits.{name}"), limit.clone())));
    measured
}

fn asked(container: &Container) -> Amounts {
    let (requests, limits) = amounts::of_container(container);
    measured(&requests, &limits)
}

/// Whether a pod uses nothing any more: it has ended, or should have been gone by now.
fn is_over(pod: &Value, now: Moment) -> bool {
    if ["Failed", "Succeeded"].contains(&meta::text(pod, &["status", "phase"])) {
        return true;
    }
    let grace = meta::at(pod, &["metadata", "deletionGracePeriodSeconds"]).and_then(Value::as_i64);
    let deletion = meta::text(pod, &["metadata", "deletionTimestamp"]).parse::<Moment>();
    match (deletion, grace) {
        (Ok(deletion), Some(grace)) => {
            deletion.checked_add(SignedDuration::from_secs(grace)).is_ok_and(|gone| now > gone)
        }
        _ => false,
    }
}

fn is_terminating(pod: &Value) -> bool {
    meta::at(pod, &["spec", "activeDeadlineSeconds"]).and_then(Value::as_i64).is_some_and(|seconds| seconds >= 0)
}

fn is_best_effort(pod: &Value) -> bool {
    match meta::text(pod, &["status", "qosClass"]) {
        "" => pod::qos_class(pod) == "BestEffort",
        class => class == "BestEffort",
    }
}

/// Whether a pod's affinity is about pods of other namespaces.
fn names_other_namespaces(pod: &Value) -> bool {
    let mut terms = ["podAffinity", "podAntiAffinity"].into_iter().flat_map(|affinity| {
        let of = |list: &str| meta::items(pod, &["spec", "affinity", affinity, list]).iter();
        let preferred = of("preferredDuringSchedulingIgnoredDuringExecution");
        of("requiredDuringSchedulingIgnoredDuringExecution")
            .chain(preferred.filter_map(|term| term.get("podAffinityTerm")))
    });
    terms.any(|term| {
        let selects = term.get("namespaceSelector").is_some_and(|selector| !selector.is_null());
        selects || !meta::items(term, &["namespaces"]).is_empty()
    })
}

/// The spec, in which running containers ask for at least what they have got. A resize that cannot be done does not count.
fn spec_with_status(pod: &Value) -> PodSpec {
    let mut spec = pod::spec(pod);
    let conditions = meta::items(pod, &["status", "conditions"]).iter();
    let is_infeasible = conditions.into_iter().any(|condition| {
        meta::text(condition, &["type"]) == "PodResizePending" && meta::text(condition, &["reason"]) == "Infeasible"
    });
    let lists =
        [("containerStatuses", Some(&mut spec.containers)), ("initContainerStatuses", spec.init_containers.as_mut())];
    for (statuses, containers) in lists {
        let statuses: HashMap<_, _> = meta::items(pod, &["status", statuses])
            .iter()
            .filter(|status| status.get("resources").is_some_and(|resources| !resources.is_null()))
            .filter_map(|status| ContainerStatus::deserialize(status).ok())
            .map(|status| (status.name.clone(), status))
            .collect();
        for container in containers.into_iter().flatten() {
            if let Some(status) = statuses.get(&container.name) {
                raise_to_status(container, status, is_infeasible);
            }
        }
    }
    spec
}

fn raise_to_status(container: &mut Container, status: &ContainerStatus, is_infeasible: bool) {
    let Some(actual) = &status.resources else { return };
    let own = container.resources.get_or_insert_with(ResourceRequirements::default);
    if is_infeasible {
        own.requests.clone_from(&actual.requests);
        own.limits.clone_from(&actual.limits);
        return;
    }
    raise(&mut own.requests, &actual.requests);
    raise(&mut own.requests, &status.allocated_resources);
    raise(&mut own.limits, &actual.limits);
}

type Resources = Option<BTreeMap<String, resource::Quantity>>;

fn raise(own: &mut Resources, other: &Resources) {
    for (name, amount) in other.iter().flatten() {
        let own = own.get_or_insert_default();
        let known = own.get(name).and_then(|known| Quantity::parse(&known.0));
        if known.is_none_or(|known| Quantity::parse(&amount.0).is_some_and(|amount| amount > known)) {
            own.insert(name.clone(), amount.clone());
        }
    }
}
