//! What the containers of a pod ask for together.

use std::collections::{BTreeMap, HashMap, btree_map::Entry};

use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceRequirements};

use super::typed::{Resources, entries, list, text};
use crate::{
    kinds::rules::resources::is_huge_pages,
    text::quantity::{Quantity, nanos},
};

/// How much there is of each resource, by its name.
pub type Amounts<'a> = BTreeMap<&'a str, Quantity>;

/// What a pod's containers request: regular ones and sidecars run together; init containers run one after the other,
/// each beside the sidecars before it.
pub fn requests(spec: &PodSpec) -> Amounts<'_> {
    together(spec, |resources| &resources.requests)
}

/// What a pod's containers may use at most, counted in the same way.
pub fn limits(spec: &PodSpec) -> Amounts<'_> {
    together(spec, |resources| &resources.limits)
}

/// What a container requests, and what it may use at most.
pub fn of_container(container: &Container) -> (Amounts<'_>, Amounts<'_>) {
    let of = |of: fn(&ResourceRequirements) -> &Option<Resources>| amounts_of(container, of).collect();
    (of(|resources| &resources.requests), of(|resources| &resources.limits))
}

/// What a pod as a whole requests: what it says itself comes before what its containers say. Overhead is not counted.
pub fn pod_requests(spec: &PodSpec) -> Amounts<'_> {
    with_own(requests(spec), spec, |resources| &resources.requests)
}

/// What a pod as a whole may use at most, counted in the same way.
pub fn pod_limits(spec: &PodSpec) -> Amounts<'_> {
    with_own(limits(spec), spec, |resources| &resources.limits)
}

/// Whether a pod asks for resources as a whole.
pub fn has_own(spec: &PodSpec) -> bool {
    spec.resources.as_ref().is_some_and(|resources| asked(resources).into_iter().any(is_for_pods))
}

/// Whether pods as a whole can ask for a resource.
pub fn is_for_pods(name: &str) -> bool {
    COMPUTE.contains(&name) || is_huge_pages(name)
}

/// The quality of service that a pod gets for the CPU and memory that it asks for, as a whole or for its containers.
pub fn qos_class(spec: &PodSpec) -> &'static str {
    let own = spec.resources.as_ref().filter(|resources| !asked(resources).is_empty());
    let of_containers = spec.containers.iter().chain(list(&spec.init_containers)).map(|c| c.resources.as_ref());
    let parts: Vec<_> = match own {
        Some(own) => vec![Some(own)],
        None => of_containers.collect(),
    };
    let (mut is_asking, mut guaranteed) = (false, true);
    let (mut requested, mut limited) = (HashMap::<&str, i128>::new(), HashMap::<&str, i128>::new());
    for part in parts {
        let Some(part) = part else {
            guaranteed = false;
            continue;
        };
        for (name, amount) in counted(&part.requests) {
            is_asking = true;
            *requested.entry(name).or_default() += amount;
        }
        let limits: Vec<_> = counted(&part.limits).collect();
        is_asking |= !limits.is_empty();
        guaranteed &= limits.len() == COMPUTE.len();
        for (name, amount) in limits {
            *limited.entry(name).or_default() += amount;
        }
    }
    guaranteed &= requested.iter().all(|(name, amount)| limited.get(name) == Some(amount));
    match (is_asking, guaranteed && requested.len() == limited.len()) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

/// The resources that decide the quality of service.
const COMPUTE: [&str; 2] = ["cpu", "memory"];

fn counted(resources: &Option<Resources>) -> impl Iterator<Item = (&str, i128)> {
    let compute = entries(resources).filter(|(name, _)| COMPUTE.contains(name));
    compute.filter_map(|(name, amount)| Some((name, nanos(&amount.0)?))).filter(|(_, amount)| *amount > 0)
}

fn with_own<'a>(
    mut sum: Amounts<'a>,
    spec: &'a PodSpec,
    of: fn(&ResourceRequirements) -> &Option<Resources>,
) -> Amounts<'a> {
    let own = spec.resources.iter().flat_map(|resources| amounts(of(resources)));
    sum.extend(own.filter(|(name, _)| is_for_pods(name)));
    sum
}

fn asked(resources: &ResourceRequirements) -> Vec<&str> {
    entries(&resources.requests).chain(entries(&resources.limits)).map(|(name, _)| name).collect()
}

fn together(spec: &PodSpec, of: fn(&ResourceRequirements) -> &Option<Resources>) -> Amounts<'_> {
    let mut sum = Amounts::new();
    let mut sidecars = Amounts::new();
    let mut most = Amounts::new();
    for container in &spec.containers {
        add(&mut sum, amounts_of(container, of));
    }
    for container in list(&spec.init_containers) {
        let beside = sidecars.clone();
        if text(&container.restart_policy) == "Always" {
            add(&mut sum, amounts_of(container, of));
            add(&mut sidecars, amounts_of(container, of));
        }
        let mut own: Amounts<'_> = amounts_of(container, of).collect();
        add(&mut own, beside);
        raise(&mut most, own);
    }
    raise(&mut sum, most);
    sum
}

fn amounts_of(
    container: &Container,
    of: fn(&ResourceRequirements) -> &Option<Resources>,
) -> impl Iterator<Item = (&str, Quantity)> {
    container.resources.iter().flat_map(move |resources| amounts(of(resources)))
}

fn amounts(resources: &Option<Resources>) -> impl Iterator<Item = (&str, Quantity)> {
    entries(resources).filter_map(|(name, amount)| Some((name, Quantity::parse(&amount.0)?)))
}

fn add<'a>(sum: &mut Amounts<'a>, amounts: impl IntoIterator<Item = (&'a str, Quantity)>) {
    for (name, amount) in amounts {
        match sum.entry(name) {
            Entry::Vacant(slot) => drop(slot.insert(amount)),
            Entry::Occupied(mut slot) => slot.get_mut().add(&amount),
        }
    }
}

/// Takes the larger amount of each resource.
fn raise<'a>(most: &mut Amounts<'a>, amounts: Amounts<'a>) {
    for (name, amount) in amounts {
        match most.entry(name) {
            Entry::Vacant(slot) => drop(slot.insert(amount)),
            Entry::Occupied(mut slot) if amount > *slot.get() => drop(slot.insert(amount)),
            Entry::Occupied(_) => {}
        }
    }
}
