//! What the containers of a pod ask for together.

use std::collections::{BTreeMap, HashMap};

use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceRequirements};

use super::typed::{Resources, entries, list, text};
use crate::text::quantity::nanos;

/// Thousand-millionths of each resource, by its name.
pub type Amounts<'a> = BTreeMap<&'a str, i128>;

/// What a pod's containers request: regular ones and sidecars run together; init containers run one after the other,
/// each beside the sidecars before it.
pub fn requests(spec: &PodSpec) -> Amounts<'_> {
    together(spec, |resources| &resources.requests)
}

/// What a pod's containers may use at most, counted in the same way.
pub fn limits(spec: &PodSpec) -> Amounts<'_> {
    together(spec, |resources| &resources.limits)
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

/// An amount as messages show it: a whole number, or thousandths of it.
pub fn shown(amount: i128, name: &str) -> String {
    const GIB: i128 = 1 << 30;
    const MIB: i128 = 1 << 20;
    const KIB: i128 = 1 << 10;
    let whole = amount / 1_000_000_000;
    match () {
        () if amount % 1_000_000_000 != 0 => format!("{}m", amount / 1_000_000),
        () if name == "cpu" || whole == 0 => whole.to_string(),
        () if whole % GIB == 0 => format!("{}Gi", whole / GIB),
        () if whole % MIB == 0 => format!("{}Mi", whole / MIB),
        () if whole % KIB == 0 => format!("{}Ki", whole / KIB),
        () => whole.to_string(),
    }
}

/// The resources that decide the quality of service.
const COMPUTE: [&str; 2] = ["cpu", "memory"];

fn counted(resources: &Option<Resources>) -> impl Iterator<Item = (&str, i128)> {
    let compute = entries(resources).filter(|(name, _)| COMPUTE.contains(name));
    compute.filter_map(|(name, amount)| Some((name, nanos(&amount.0)?))).filter(|(_, amount)| *amount > 0)
}

fn asked(resources: &ResourceRequirements) -> Vec<&str> {
    entries(&resources.requests).chain(entries(&resources.limits)).map(|(name, _)| name).collect()
}

fn together(spec: &PodSpec, of: fn(&ResourceRequirements) -> &Option<Resources>) -> Amounts<'_> {
    let mut sum = Amounts::new();
    let mut sidecars = Amounts::new();
    let mut most = Amounts::new();
    for container in &spec.containers {
        add(&mut sum, container, of);
    }
    for container in list(&spec.init_containers) {
        let is_sidecar = text(&container.restart_policy) == "Always";
        if is_sidecar {
            add(&mut sum, container, of);
            add(&mut sidecars, container, of);
        }
        for (name, own) in container.resources.iter().flat_map(|resources| entries(of(resources))) {
            let beside = sidecars.get(name).copied().unwrap_or_default();
            let own = if is_sidecar { 0 } else { nanos(&own.0).unwrap_or_default() };
            let slot = most.entry(name).or_default();
            *slot = (beside + own).max(*slot);
        }
    }
    for (name, amount) in most {
        let slot = sum.entry(name).or_insert(amount);
        *slot = amount.max(*slot);
    }
    sum
}

fn add<'a>(sum: &mut Amounts<'a>, container: &'a Container, of: fn(&ResourceRequirements) -> &Option<Resources>) {
    for (name, amount) in container.resources.iter().flat_map(|resources| entries(of(resources))) {
        *sum.entry(name).or_default() += nanos(&amount.0).unwrap_or_default();
    }
}
