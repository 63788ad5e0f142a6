//! Hints in proportion to CPUs: each zone is to get as large a part of a Service's endpoints as it has of the nodes'
//! CPUs. Pure.

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::api::discovery::v1::{Endpoint, EndpointHints, EndpointSlice, ForZone};

use super::slice_plan::Plan;
use crate::world::node_view::NodeView;

/// How much more than its share an endpoint may have to serve.
const OVERLOAD: f64 = 0.2;
/// Nodes with one of these labels serve no traffic.
const EXCLUDED: [&str; 2] = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

const NODES_UNKNOWN: &str = "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes";
const TOO_FEW: &str = "Insufficient number of endpoints";
const OVERLOADED: &str =
    "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold";
const NO_ZONE: &str = "One or more endpoints do not have a zone specified";
const NO_HINTS: &str = "No hints allocated for zones";

/// The part of all CPUs that each zone has.
pub type Shares = BTreeMap<String, f64>;
/// How many endpoints are meant for each zone.
pub type Zones = BTreeMap<String, usize>;

/// How many endpoints a zone is to get.
struct Allocation {
    most: usize,
    desired: f64,
}

/// The shares of the zones; `None` if the nodes do not tell, or are all in one zone.
pub fn shares(nodes: &[Arc<NodeView>]) -> Option<Shares> {
    let mut cpus: BTreeMap<String, i128> = BTreeMap::new();
    for node in nodes.iter().filter(|node| serves(node)) {
        if node.zone().is_empty() || node.cpu == 0 {
            return None;
        }
        *cpus.entry(node.zone().to_owned()).or_default() += node.cpu;
    }
    let total: i128 = cpus.values().sum();
    (cpus.len() > 1).then(|| cpus.into_iter().map(|(zone, cpu)| (zone, cpu as f64 / total as f64)).collect())
}

/// Gives all ready endpoints a zone. Slices that change are moved to those to update. Returns how many endpoints each
/// zone got, or why hints are impossible.
pub fn apply(plan: &mut Plan, shares: Option<&Shares>) -> Result<Zones, String> {
    let all = plan.create.iter().chain(&plan.update).chain(&plan.keep);
    let ready = all.flat_map(|slice| slice.endpoints.iter().flatten()).filter(|endpoint| is_ready(endpoint)).count();
    let allocations = allocations(shares, ready)?;
    let mut zones = Zones::new();
    for slice in std::mem::take(&mut plan.keep) {
        match fitting(&slice, &zones, &allocations) {
            Some(hints) => {
                hints.into_iter().for_each(|(zone, count)| *zones.entry(zone).or_default() += count);
                plan.keep.push(slice);
            }
            None => plan.update.push(slice),
        }
    }
    for endpoint in changing(plan) {
        let Some(zone) = endpoint.zone.clone().filter(|zone| !zone.is_empty()) else {
            return Err(NO_ZONE.to_owned());
        };
        *zones.entry(zone.clone()).or_default() += 1;
        endpoint.hints = Some(only_zone(zone));
    }
    let (giving, receiving) = movements(&zones, &allocations);
    redistribute(plan, giving, receiving, &mut zones);
    if zones.is_empty() { Err(NO_HINTS.to_owned()) } else { Ok(zones) }
}

/// Whether a zone has fewer endpoints than it must have.
pub fn is_overloaded(zones: &Zones, shares: Option<&Shares>) -> bool {
    let Some(shares) = shares else { return !zones.is_empty() };
    let total: usize = zones.values().sum();
    total > 0 && shares.iter().any(|(zone, share)| zones.get(zone).is_none_or(|have| *have < least(*share, total)))
}

fn serves(node: &NodeView) -> bool {
    node.is_ready && !EXCLUDED.iter().any(|label| node.labels.contains_key(*label))
}

fn least(share: f64, endpoints: usize) -> usize {
    // Calculated in exactly this order, because rounding decides at the edges.
    (share * endpoints as f64 * (1.0 / (1.0 + OVERLOAD))).ceil() as usize
}

fn allocations(shares: Option<&Shares>, endpoints: usize) -> Result<BTreeMap<&str, Allocation>, String> {
    let shares = shares.ok_or_else(|| NODES_UNKNOWN.to_owned())?;
    let because = |why: &str| format!("{why} ({endpoints} endpoints, {} zones)", shares.len());
    if shares.len() > endpoints {
        return Err(because(TOO_FEW));
    }
    let needed: usize = shares.values().map(|share| least(*share, endpoints)).sum();
    let spare = endpoints.checked_sub(needed).ok_or_else(|| because(OVERLOADED))?;
    let allocation = |share: f64| {
        let least = least(share, endpoints);
        Allocation { most: least + spare, desired: (share * endpoints as f64).max(least as f64) }
    };
    Ok(shares.iter().map(|(zone, share)| (zone.as_str(), allocation(*share))).collect())
}

/// The hints of a slice if all its ready endpoints have some, and no zone gets too much.
fn fitting(slice: &EndpointSlice, zones: &Zones, allocations: &BTreeMap<&str, Allocation>) -> Option<Zones> {
    let mut found = Zones::new();
    for endpoint in slice.endpoints.iter().flatten().filter(|endpoint| is_ready(endpoint)) {
        let hints = endpoint.hints.as_ref()?.for_zones.as_ref().filter(|zones| !zones.is_empty())?;
        for hint in hints {
            *found.entry(hint.name.clone()).or_default() += 1;
        }
    }
    let fits = |(zone, count): (&String, &usize)| {
        let before = zones.get(zone).copied().unwrap_or_default();
        allocations.get(zone.as_str()).is_some_and(|allocation| before + count <= allocation.most)
    };
    found.iter().all(fits).then_some(found)
}

/// How many endpoints each zone gives to others, and how many each gets from others.
fn movements(zones: &Zones, allocations: &BTreeMap<&str, Allocation>) -> (Zones, Zones) {
    let (mut surplus, mut lack) = (BTreeMap::new(), BTreeMap::new());
    for (zone, allocation) in allocations {
        let difference = zones.get(*zone).copied().unwrap_or_default() as f64 - allocation.desired;
        let list = if difference > 0.0 { &mut surplus } else { &mut lack };
        list.insert(*zone, difference.abs());
    }
    let (mut giving, mut receiving) = (Zones::new(), Zones::new());
    while let (Some((giver, can_give)), Some((receiver, can_take))) = (most(&surplus), most(&lack)) {
        let (greater, smaller) = (can_give.max(can_take), can_give.min(can_take));
        if greater < 1.0 || smaller < 0.5 {
            break;
        }
        for (zone, open, moved) in [(giver, &mut surplus, &mut giving), (receiver, &mut lack, &mut receiving)] {
            open.entry(zone).and_modify(|amount| *amount -= 1.0);
            *moved.entry(zone.to_owned()).or_default() += 1;
        }
    }
    (giving, receiving)
}

fn most<'a>(zones: &BTreeMap<&'a str, f64>) -> Option<(&'a str, f64)> {
    let mut most = None;
    for (zone, amount) in zones {
        if *amount > most.map_or(0.0, |(_, amount)| amount) {
            most = Some((*zone, *amount));
        }
    }
    most
}

/// Means endpoints of zones that give for zones that receive.
fn redistribute(plan: &mut Plan, mut giving: Zones, mut receiving: Zones, zones: &mut Zones) {
    for endpoint in changing(plan) {
        let Some(receiver) = receiving.keys().next().cloned() else { return };
        let zone = endpoint.zone.clone().unwrap_or_default();
        if !take_one(&mut giving, &zone) {
            continue;
        }
        take_one(&mut receiving, &receiver);
        endpoint.hints = Some(only_zone(receiver.clone()));
        take_one(zones, &zone);
        *zones.entry(receiver).or_default() += 1;
    }
}

fn take_one(zones: &mut Zones, zone: &str) -> bool {
    let Some(count) = zones.get_mut(zone) else { return false };
    *count -= 1;
    if *count == 0 {
        zones.remove(zone);
    }
    true
}

/// The ready endpoints of the slices that are written anyway.
fn changing(plan: &mut Plan) -> impl Iterator<Item = &mut Endpoint> {
    let slices = plan.create.iter_mut().chain(&mut plan.update);
    slices.flat_map(|slice| slice.endpoints.iter_mut().flatten()).filter(|endpoint| is_ready(endpoint))
}

fn only_zone(name: String) -> EndpointHints {
    EndpointHints { for_zones: Some(vec![ForZone { name }]), for_nodes: None }
}

/// Whether an endpoint gets traffic.
pub fn is_ready(endpoint: &Endpoint) -> bool {
    endpoint.conditions.as_ref().is_some_and(|conditions| conditions.ready == Some(true))
}
