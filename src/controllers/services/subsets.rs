//! The subsets of an Endpoints object: computed from a Service and its pods, put into their one form, cut to size.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value, json};

use crate::object::meta;
use crate::{controllers::services::subset_hash, world::pod_view::PodView};

/// The most addresses that an Endpoints object lists.
const CAPACITY: usize = 1000;

/// An address in order of its IP as text, then of its target's uid, those without a target first.
type AddressKey = (String, Option<String>);
/// Which addresses offer something, and whether each is ready.
type Addresses = BTreeMap<AddressKey, bool>;

/// The subsets for a Service and the pods that it selects.
pub fn of(service: &Value, pods: &[Arc<PodView>]) -> Vec<Value> {
    let publish_not_ready = meta::at(service, &["spec", "publishNotReadyAddresses"]) == Some(&Value::Bool(true));
    let wants_v6 = meta::items(service, &["spec", "ipFamilies"]).first().is_some_and(|family| family == "IPv6");
    let without_ports = is_portless(service);
    let offers = Offers::of(service);
    let mut subsets: Vec<Value> = Vec::new();
    for pod in pods.iter().filter(|pod| !pod.is_finished && (publish_not_ready || !pod.is_deleting)) {
        let Some(ip) = pod.ips.iter().find(|ip| ip.is_ipv6() == wants_v6) else { continue };
        let ports = offers.by(pod);
        if ports.is_empty() && !without_ports {
            continue;
        }
        let list = if publish_not_ready || pod.is_ready { "addresses" } else { "notReadyAddresses" };
        let known = subsets.iter().position(|subset| meta::items(subset, &["ports"]) == ports.as_ref());
        let known = known.unwrap_or_else(|| {
            subsets.push(json!({"addresses": [], "notReadyAddresses": [], "ports": ports}));
            subsets.len() - 1
        });
        if let Some(Value::Array(list)) = subsets[known].get_mut(list) {
            list.push(address(service, pod, &ip.to_string()));
        }
    }
    repack(&subsets)
}

/// The ports of a Service as pods offer them.
pub struct Offers<'a> {
    service: &'a Value,
    /// The ports of all pods, if none has to be looked up by its name.
    all: Option<Vec<Value>>,
}

impl<'a> Offers<'a> {
    /// Looks at the ports of a Service.
    pub fn of(service: &'a Value) -> Self {
        let by_name = |port: &Value| port.get("targetPort").is_some_and(Value::is_string);
        let plain = !meta::items(service, &["spec", "ports"]).iter().any(by_name);
        Self { service, all: plain.then(|| offered(service, |port| port.get("targetPort")?.as_i64())) }
    }

    /// What a pod offers; ports that it does not have are left out.
    pub fn by(&self, pod: &PodView) -> Cow<'_, [Value]> {
        match &self.all {
            Some(ports) => Cow::Borrowed(ports),
            None => Cow::Owned(offered(self.service, |port| pod.resolve(port))),
        }
    }

    /// Whether all pods offer the same.
    pub fn are_uniform(&self) -> bool {
        self.all.is_some()
    }
}

/// Whether a Service leads to pods without naming a port, as only headless ones do.
fn is_portless(service: &Value) -> bool {
    meta::items(service, &["spec", "ports"]).is_empty() && meta::text(service, &["spec", "clusterIP"]) == "None"
}

fn offered(service: &Value, number: impl Fn(&Value) -> Option<i64>) -> Vec<Value> {
    let resolve = |port: &Value| {
        let mut endpoint = Map::new();
        meta::set(&mut endpoint, "name", port.get("name").cloned().unwrap_or_default());
        endpoint.insert("port".into(), number(port)?.into());
        endpoint.insert("protocol".into(), meta::text(port, &["protocol"]).into());
        meta::set(&mut endpoint, "appProtocol", port.get("appProtocol").cloned().unwrap_or_default());
        Some(Value::Object(endpoint))
    };
    meta::items(service, &["spec", "ports"]).iter().filter_map(resolve).collect()
}

/// The one form of a list of subsets: ports that the same addresses offer share a subset, and everything is in order.
pub fn repack(subsets: &[Value]) -> Vec<Value> {
    let mut details: BTreeMap<AddressKey, &Value> = BTreeMap::new();
    let mut by_port: Vec<(Option<&Value>, Addresses)> = Vec::new();
    for subset in subsets {
        let listed = meta::items(subset, &["ports"]);
        let ports = if listed.is_empty() { vec![None] } else { listed.iter().map(Some).collect() };
        for (address, ready) in addresses(subset) {
            let key = key(address);
            details.entry(key.clone()).or_insert(address);
            for port in &ports {
                let known = by_port.iter().position(|(known, _)| known == port).unwrap_or_else(|| {
                    by_port.push((*port, Addresses::new()));
                    by_port.len() - 1
                });
                // An address that is both ready and not ready at a port is not ready.
                by_port[known].1.entry(key.clone()).and_modify(|known| *known &= ready).or_insert(ready);
            }
        }
    }
    let mut groups: Vec<(Vec<&Value>, Addresses)> = Vec::new();
    for (port, addresses) in by_port {
        match groups.iter_mut().find(|(_, known)| *known == addresses) {
            Some((ports, _)) => ports.extend(port),
            None => groups.push((port.into_iter().collect(), addresses)),
        }
    }
    let mut packed: Vec<_> = groups.into_iter().map(|(ports, all)| subset(ports, &all, &details)).collect();
    packed.sort_by_cached_key(subset_hash::subset_hash);
    packed
}

/// How many addresses the subsets have, ready or not.
pub fn count(subsets: &[Value]) -> usize {
    subsets.iter().map(|subset| addresses(subset).count()).sum()
}

/// Cuts what goes beyond the capacity, each subset in proportion, ready addresses last. Answers whether anything went.
pub fn truncate(subsets: &mut Vec<Value>) -> bool {
    if count(subsets) <= CAPACITY {
        return false;
    }
    let in_list = |subset: &Value, list: &str| meta::items(subset, &[list]).len();
    let ready: usize = subsets.iter().map(|subset| in_list(subset, "addresses")).sum();
    let (list, budget) =
        if ready > CAPACITY { ("addresses", CAPACITY) } else { ("notReadyAddresses", CAPACITY - ready) };
    let total: usize = subsets.iter().map(|subset| in_list(subset, list)).sum();
    let mut left = budget;
    for subset in subsets.iter_mut() {
        let share = (in_list(subset, list) * budget).div_ceil(total).min(left);
        let members = subset.as_object_mut().expect("a subset is a map");
        if list == "addresses" {
            members.shift_remove("notReadyAddresses");
        }
        if let Some(Value::Array(addresses)) = members.get_mut(list) {
            addresses.truncate(share);
            left -= addresses.len();
        }
        members.retain(|_, value| value.as_array().is_none_or(|list| !list.is_empty()));
    }
    subsets.retain(|subset| addresses(subset).next().is_some());
    true
}

/// The addresses of a subset, and whether each is ready.
pub fn addresses(subset: &Value) -> impl Iterator<Item = (&Value, bool)> {
    let list = |name, ready| meta::items(subset, &[name]).iter().map(move |address| (address, ready));
    list("addresses", true).chain(list("notReadyAddresses", false))
}

fn key(address: &Value) -> AddressKey {
    let uid = address.get("targetRef").map(|target| meta::text(target, &["uid"]).to_owned());
    (meta::text(address, &["ip"]).to_owned(), uid)
}

fn address(service: &Value, pod: &PodView, ip: &str) -> Value {
    let mut address = Map::new();
    address.insert("ip".into(), ip.into());
    meta::set(&mut address, "hostname", pod.hostname_in(meta::name(service)));
    address.insert("nodeName".into(), pod.node.as_str().into());
    address.insert("targetRef".into(), target(pod));
    address.into()
}

/// The reference to a pod.
pub fn target(pod: &PodView) -> Value {
    json!({"kind": "Pod", "namespace": pod.namespace, "name": pod.name, "uid": pod.uid})
}

fn subset(mut ports: Vec<&Value>, addresses: &Addresses, details: &BTreeMap<AddressKey, &Value>) -> Value {
    ports.sort_by_cached_key(|port| subset_hash::subset_port_hash(port));
    let list = |wanted: bool| -> Vec<&Value> {
        let wanted = addresses.iter().filter(|(_, ready)| **ready == wanted);
        wanted.filter_map(|(key, _)| details.get(key).copied()).collect()
    };
    let mut subset = Map::new();
    for (name, list) in [("addresses", list(true)), ("notReadyAddresses", list(false)), ("ports", ports)] {
        if !list.is_empty() {
            subset.insert(name.into(), list.into_iter().cloned().collect());
        }
    }
    subset.into()
}
