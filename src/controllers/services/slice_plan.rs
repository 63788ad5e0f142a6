//! Packs endpoints into slices so that as few slices as possible change.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::triggers::set_map;
use crate::controllers::services::subset_hash;
use crate::object::meta;

/// The most endpoints that a slice gets.
pub const CAPACITY: usize = 100;

/// What makes two endpoints the same one: addresses, hostname, and the namespace and name of the target.
type Identity = (Vec<String>, String, String, String);

/// What to do with the slices of one address type.
#[derive(Default)]
pub struct Plan {
    pub create: Vec<Value>,
    pub update: Vec<Value>,
    pub delete: Vec<Value>,
    /// Slices that are right as they are.
    pub keep: Vec<Value>,
}

/// The wanted endpoints by the ports that they offer.
#[derive(Default)]
pub struct Groups(BTreeMap<Vec<u128>, Group>);

/// Endpoints that offer the same ports.
#[derive(Default)]
struct Group {
    ports: Vec<Value>,
    endpoints: BTreeMap<Identity, Value>,
}

/// What the slices of a Service look like apart from endpoints and ports.
pub struct Frame {
    /// A slice without endpoints and ports.
    pub blank: Value,
    /// Labels that say what a slice is; how the stored ones differ in them does not matter.
    pub own_labels: &'static [&'static str],
}

impl Groups {
    /// Makes room for endpoints with these ports, which may never come.
    pub fn open(&mut self, mut ports: Vec<Value>) -> Vec<u128> {
        ports.sort_by_cached_key(subset_hash::slice_port_hash);
        let key = port_key(&ports);
        self.0.entry(key.clone()).or_insert_with(|| Group { ports, endpoints: BTreeMap::new() });
        key
    }

    /// Adds an endpoint to a group. One that is the same takes the place of the earlier one.
    pub fn insert(&mut self, group: &[u128], endpoint: Value) {
        if let Some(group) = self.0.get_mut(group) {
            group.endpoints.insert(identity(&endpoint), endpoint);
        }
    }
}

impl Frame {
    /// A new slice with these ports and endpoints.
    fn slice(&self, ports: &[Value], endpoints: Vec<Value>) -> Value {
        let mut slice = self.blank.clone();
        slice["endpoints"] = endpoints.into();
        slice["ports"] = ports.into();
        slice
    }

    fn labels(&self) -> Map<String, Value> {
        meta::map(&self.blank, &["metadata", "labels"]).cloned().unwrap_or_default()
    }

    /// Whether a slice has lost a label that it should have, or got one more.
    fn has_drifted(&self, slice: &Value) -> bool {
        let others = |mut labels: Map<String, Value>| {
            labels.retain(|key, _| !self.own_labels.contains(&key.as_str()));
            labels
        };
        let stored = meta::map(slice, &["metadata", "labels"]).cloned().unwrap_or_default();
        others(stored) != others(self.labels())
    }

    /// Whether a slice is just what a Service without endpoints has.
    fn is_placeholder(&self, slice: &Value) -> bool {
        let same = |path: &[&str]| meta::at(slice, path) == meta::at(&self.blank, path);
        let is_empty = meta::items(slice, &["endpoints"]).is_empty() && meta::items(slice, &["ports"]).is_empty();
        is_empty && same(&["metadata", "labels"]) && same(&["metadata", "ownerReferences"]) && same(&["addressType"])
    }
}

/// Plans how the existing slices of one address type become the wanted ones.
pub fn plan(existing: Vec<Value>, groups: Groups, frame: &Frame) -> Plan {
    let mut by_ports: HashMap<Vec<u128>, Vec<Value>> = HashMap::new();
    for slice in existing {
        by_ports.entry(port_key(meta::items(&slice, &["ports"]))).or_default().push(slice);
    }
    let mut plan = Plan::default();
    for (key, group) in groups.0 {
        let slices = by_ports.remove(&key).unwrap_or_default();
        plan_group(slices, group, frame, &mut plan);
    }
    let mut surplus: Vec<Value> = by_ports.into_values().flatten().collect();
    surplus.sort_by(|a, b| meta::name(a).cmp(meta::name(b)));
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
            let same_type = |old: &Value| old.get("addressType") == slice.get("addressType");
            match self.delete.iter().position(same_type) {
                Some(index) => {
                    let old = self.delete.remove(index);
                    meta::metadata_mut(&mut slice).insert("name".into(), meta::name(&old).into());
                    self.update.push(slice);
                }
                None => self.create.push(slice),
            }
        }
    }
}

/// Fits the endpoints of one group into its slices, and into new ones where those are full.
fn plan_group(slices: Vec<Value>, group: Group, frame: &Frame, plan: &mut Plan) {
    let Group { ports, mut endpoints } = group;
    let (mut changed, mut unchanged) = (Vec::new(), Vec::new());
    for slice in slices {
        let stored = meta::items(&slice, &["endpoints"]);
        let kept: Vec<(Value, bool)> = stored
            .iter()
            .filter_map(|old| endpoints.remove(&identity(old)).map(|new| (new.clone(), is_equal(old, &new))))
            .collect();
        let differs = kept.len() != stored.len() || kept.iter().any(|(_, equal)| !equal);
        if differs && kept.is_empty() {
            plan.delete.push(slice);
        } else if differs || frame.has_drifted(&slice) {
            let endpoints = if differs { kept.into_iter().map(|(new, _)| new).collect() } else { stored.to_vec() };
            changed.push(with_endpoints(slice, endpoints, frame));
        } else {
            unchanged.push(slice);
        }
    }
    let mut left: Vec<Value> = endpoints.into_values().collect();
    // Slices that change anyway are filled up, the fullest first.
    changed.sort_by_key(|slice| std::cmp::Reverse(len(slice)));
    for slice in &mut changed {
        fill(slice, &mut left);
    }
    while !left.is_empty() {
        let room = |slice: &Value| CAPACITY.checked_sub(len(slice) + left.len());
        let fits = unchanged.iter().enumerate().filter_map(|(i, slice)| Some((room(slice)?, i)));
        // An unchanged slice is touched only if it takes all that is left.
        let best = if left.len() < CAPACITY { fits.min() } else { None };
        if let Some((_, index)) = best {
            let slice = unchanged.remove(index);
            let stored = meta::items(&slice, &["endpoints"]).to_vec();
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

fn with_endpoints(mut slice: Value, endpoints: Vec<Value>, frame: &Frame) -> Value {
    slice["endpoints"] = endpoints.into();
    set_map(meta::metadata_mut(&mut slice), "labels", frame.labels());
    slice
}

fn fill(slice: &mut Value, left: &mut Vec<Value>) {
    let taken = left.len().min(CAPACITY.saturating_sub(len(slice)));
    if let Value::Array(endpoints) = &mut slice["endpoints"] {
        endpoints.extend(left.drain(..taken));
    }
}

fn len(slice: &Value) -> usize {
    meta::items(slice, &["endpoints"]).len()
}

/// What makes two sets of ports the same one.
pub fn port_key(ports: &[Value]) -> Vec<u128> {
    let mut key: Vec<_> = ports.iter().map(subset_hash::slice_port_hash).collect();
    key.sort_unstable();
    key
}

fn identity(endpoint: &Value) -> Identity {
    let addresses = meta::items(endpoint, &["addresses"]).iter().filter_map(Value::as_str).map(str::to_owned);
    let mut addresses: Vec<_> = addresses.collect();
    addresses.sort();
    let text = |path: &[&str]| meta::text(endpoint, path).to_owned();
    (addresses, text(&["hostname"]), text(&["targetRef", "namespace"]), text(&["targetRef", "name"]))
}

/// Whether an endpoint is as wanted. Hints are looked at elsewhere.
fn is_equal(stored: &Value, wanted: &Value) -> bool {
    let same =
        |member: &str| stored.get(member).filter(|v| !v.is_null()) == wanted.get(member).filter(|v| !v.is_null());
    ["conditions", "nodeName", "zone", "targetRef"].into_iter().all(same)
}
