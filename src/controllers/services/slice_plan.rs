//! Packs endpoints into slices so that as few slices as possible change.

use std::collections::{BTreeMap, HashMap};

use k8s_openapi::api::discovery::v1::{Endpoint, EndpointPort, EndpointSlice};

use super::subset_hash;

/// The most endpoints that a slice gets.
pub const CAPACITY: usize = 100;

/// What makes two endpoints the same one: addresses, hostname, and the namespace and name of the target.
type Identity = (Vec<String>, String, String, String);

/// What to do with the slices of one address type.
#[derive(Default)]
pub struct Plan {
    pub create: Vec<EndpointSlice>,
    pub update: Vec<EndpointSlice>,
    pub delete: Vec<EndpointSlice>,
    /// Slices that are right as they are.
    pub keep: Vec<EndpointSlice>,
}

/// The wanted endpoints by the ports that they offer.
#[derive(Default)]
pub struct Groups(BTreeMap<Vec<u128>, Group>);

/// Endpoints that offer the same ports.
#[derive(Default)]
struct Group {
    ports: Vec<EndpointPort>,
    endpoints: BTreeMap<Identity, Endpoint>,
}

/// What the slices of a Service look like apart from endpoints and ports.
pub struct Frame {
    /// A slice without endpoints and ports.
    pub blank: EndpointSlice,
    /// Labels that say what a slice is; how the stored ones differ in them does not matter.
    pub own_labels: &'static [&'static str],
}

impl Groups {
    /// Makes room for endpoints with these ports, which may never come.
    pub fn open(&mut self, mut ports: Vec<EndpointPort>) -> Vec<u128> {
        ports.sort_by_cached_key(subset_hash::slice_port_hash);
        let key = port_key(&ports);
        self.0.entry(key.clone()).or_insert_with(|| Group { ports, endpoints: BTreeMap::new() });
        key
    }

    /// Adds an endpoint to a group. One that is the same takes the place of the earlier one.
    pub fn insert(&mut self, group: &[u128], endpoint: Endpoint) {
        if let Some(group) = self.0.get_mut(group) {
            group.endpoints.insert(identity(&endpoint), endpoint);
        }
    }
}

impl Frame {
    /// A new slice with these ports and endpoints.
    fn slice(&self, ports: &[EndpointPort], endpoints: Vec<Endpoint>) -> EndpointSlice {
        EndpointSlice { endpoints: Some(endpoints), ports: Some(ports.to_vec()), ..self.blank.clone() }
    }

    /// Whether a slice has lost a label that it should have, or got one more.
    fn has_drifted(&self, slice: &EndpointSlice) -> bool {
        let others = |slice: &EndpointSlice| {
            let mut labels = slice.metadata.labels.clone().unwrap_or_default();
            labels.retain(|key, _| !self.own_labels.contains(&key.as_str()));
            labels
        };
        others(slice) != others(&self.blank)
    }

    /// Whether a slice is just what a Service without endpoints has.
    fn is_placeholder(&self, slice: &EndpointSlice) -> bool {
        let (metadata, blank) = (&slice.metadata, &self.blank.metadata);
        len(slice) == 0
            && ports(slice).is_empty()
            && metadata.labels == blank.labels
            && metadata.owner_references == blank.owner_references
            && slice.address_type == self.blank.address_type
    }
}

/// Plans how the existing slices of one address type become the wanted ones.
pub fn plan(existing: Vec<EndpointSlice>, groups: Groups, frame: &Frame) -> Plan {
    let mut by_ports: HashMap<Vec<u128>, Vec<EndpointSlice>> = HashMap::new();
    for slice in existing {
        by_ports.entry(port_key(ports(&slice))).or_default().push(slice);
    }
    let mut plan = Plan::default();
    for (key, group) in groups.0 {
        let slices = by_ports.remove(&key).unwrap_or_default();
        plan_group(slices, group, frame, &mut plan);
    }
    let mut surplus: Vec<EndpointSlice> = by_ports.into_values().flatten().collect();
    surplus.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    plan.delete.extend(surplus);
    if plan.create.is_empty() && plan.update.is_empty() && plan.keep.is_empty() {
        match plan.delete.as_slice() {
            [only] if frame.is_placeholder(only) => plan.keep.append(&mut plan.delete),
            _ => plan.create.push(frame.slice(&[], Vec::new())),
        }
    }
    plan
}

impl Plan {
    /// Turns creations into updates of slices that would otherwise be deleted, so that names live on.
    pub fn recycle(&mut self) {
        for mut slice in std::mem::take(&mut self.create) {
            // The address type of a slice cannot change.
            let same_type = |old: &EndpointSlice| old.address_type == slice.address_type;
            match self.delete.iter().position(same_type) {
                Some(index) => {
                    slice.metadata.name = self.delete.remove(index).metadata.name;
                    self.update.push(slice);
                }
                None => self.create.push(slice),
            }
        }
    }
}

/// Fits the endpoints of one group into its slices, and into new ones where those are full.
fn plan_group(slices: Vec<EndpointSlice>, group: Group, frame: &Frame, plan: &mut Plan) {
    let Group { ports, mut endpoints } = group;
    let (mut changed, mut unchanged) = (Vec::new(), Vec::new());
    for mut slice in slices {
        let stored = slice.endpoints.take().unwrap_or_default();
        let found = stored.iter().filter_map(|old| Some((old, endpoints.remove(&identity(old))?)));
        let kept: Vec<(Endpoint, bool)> = found.map(|(old, new)| (new.clone(), is_equal(old, &new))).collect();
        let differs = kept.len() != stored.len() || kept.iter().any(|(_, equal)| !equal);
        if differs && kept.is_empty() {
            plan.delete.push(EndpointSlice { endpoints: Some(stored), ..slice });
        } else if differs || frame.has_drifted(&slice) {
            let endpoints = if differs { kept.into_iter().map(|(new, _)| new).collect() } else { stored };
            changed.push(with_endpoints(slice, endpoints, frame));
        } else {
            unchanged.push(EndpointSlice { endpoints: Some(stored), ..slice });
        }
    }
    let mut left: Vec<Endpoint> = endpoints.into_values().collect();
    // Slices that change anyway are filled up, the fullest first.
    changed.sort_by_key(|slice| std::cmp::Reverse(len(slice)));
    for slice in &mut changed {
        fill(slice, &mut left);
    }
    while !left.is_empty() {
        let room = |slice: &EndpointSlice| CAPACITY.checked_sub(len(slice) + left.len());
        let fits = unchanged.iter().enumerate().filter_map(|(i, slice)| Some((room(slice)?, i)));
        // An unchanged slice is touched only if it takes all that is left.
        let best = if left.len() < CAPACITY { fits.min() } else { None };
        if let Some((_, index)) = best {
            let mut slice = unchanged.remove(index);
            let stored = slice.endpoints.take().unwrap_or_default();
            let mut slice = with_endpoints(slice, stored, frame);
            fill(&mut slice, &mut left);
            changed.push(slice);
        } else {
            let mut slice = frame.slice(&ports, Vec::new());
            fill(&mut slice, &mut left);
            plan.create.push(slice);
        }
    }
    plan.update.append(&mut changed);
    plan.keep.append(&mut unchanged);
}

fn with_endpoints(mut slice: EndpointSlice, endpoints: Vec<Endpoint>, frame: &Frame) -> EndpointSlice {
    slice.endpoints = Some(endpoints);
    slice.metadata.labels.clone_from(&frame.blank.metadata.labels);
    slice
}

fn fill(slice: &mut EndpointSlice, left: &mut Vec<Endpoint>) {
    let taken = left.len().min(CAPACITY.saturating_sub(len(slice)));
    slice.endpoints.get_or_insert_default().extend(left.drain(..taken));
}

fn len(slice: &EndpointSlice) -> usize {
    slice.endpoints.as_ref().map_or(0, Vec::len)
}

/// The ports of a slice.
pub fn ports(slice: &EndpointSlice) -> &[EndpointPort] {
    slice.ports.as_deref().unwrap_or_default()
}

/// What makes two sets of ports the same one.
pub fn port_key(ports: &[EndpointPort]) -> Vec<u128> {
    let mut key: Vec<_> = ports.iter().map(subset_hash::slice_port_hash).collect();
    key.sort_unstable();
    key
}

fn identity(endpoint: &Endpoint) -> Identity {
    let mut addresses = endpoint.addresses.clone();
    addresses.sort();
    let target = endpoint.target_ref.as_ref();
    let of_target = |member: Option<&String>| member.cloned().unwrap_or_default();
    (
        addresses,
        endpoint.hostname.clone().unwrap_or_default(),
        of_target(target.and_then(|target| target.namespace.as_ref())),
        of_target(target.and_then(|target| target.name.as_ref())),
    )
}

/// Whether an endpoint is as wanted. Hints are looked at elsewhere.
fn is_equal(stored: &Endpoint, wanted: &Endpoint) -> bool {
    stored.conditions == wanted.conditions
        && stored.node_name == wanted.node_name
        && stored.zone == wanted.zone
        && stored.target_ref == wanted.target_ref
}
