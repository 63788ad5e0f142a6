//! The subsets of an Endpoints object: computed from a Service and its pods, put into their one form, cut to size.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value, json};

use super::{dump, pod_view::PodView};
use crate::object::meta;

/// The most addresses that an Endpoints object lists.
const CAPACITY: usize = 1000;

/// An address in order of its IP as text, then of its target's uid, those without a target first.
type AddressKey = (String, Option<String>);
/// Which addresses offer something, and whether each is ready.
type Addresses = BTreeMap<AddressKey, bool>;

/// The subsets for a Service and the pods that it selects.
pub(super) fn of(service: &Value, pods: &[Arc<PodView>]) -> Vec<Value> {
    let publish_not_ready = meta::at(service, &["spec", "publishNotReadyAddresses"]) == Some(&Value::Bool(true));
    let wants_v6 = meta::items(service, &["spec", "ipFamilies"]).first().is_some_and(|family| family == "IPv6");
    let without_ports = is_portless(service);
    let mut subsets = Vec::new();
    for pod in pods.iter().filter(|pod| !pod.is_finished && (publish_not_ready || !pod.is_deleting)) {
        let Some(ip) = pod.ips.iter().find(|ip| ip.is_ipv6() == wants_v6) else { continue };
        let ports = offered(service, pod);
        if ports.is_empty() && !without_ports {
            continue;
        }
        let list = if publish_not_ready || pod.is_ready { "addresses" } else { "notReadyAddresses" };
        subsets.push(json!({list: [address(service, pod, &ip.to_string())], "ports": ports}));
    }
    repack(&subsets)
}

/// Whether a Service leads to pods without naming a port, as only headless ones do.
fn is_portless(service: &Value) -> bool {
    meta::items(service, &["spec", "ports"]).is_empty() && meta::text(service, &["spec", "clusterIP"]) == "None"
}

/// The ports of a Service as this pod offers them, in order; those that it does not offer are left out.
pub(super) fn offered(service: &Value, pod: &PodView) -> Vec<Value> {
    let resolve = |port: &Value| {
        let mut endpoint = Map::new();
        meta::set(&mut endpoint, "name", port.get("name").cloned().unwrap_or_default());
        endpoint.insert("port".into(), pod.resolve(port)?.into());
        endpoint.insert("protocol".into(), meta::text(port, &["protocol"]).into());
        meta::set(&mut endpoint, "appProtocol", port.get("appProtocol").cloned().unwrap_or_default());
        Some(Value::Object(endpoint))
    };
    meta::items(service, &["spec", "ports"]).iter().filter_map(resolve).collect()
}

/// The one form of a list of subsets: ports that the same addresses offer share a subset, and everything is in order.
pub(super) fn repack(subsets: &[Value]) -> Vec<Value> {
    let mut details: BTreeMap<AddressKey, Value> = BTreeMap::new();
    let mut by_port: Vec<(Option<&Value>, Addresses)> = Vec::new();
    for subset in subsets {
        let listed = meta::items(subset, &["ports"]);
        let ports = if listed.is_empty() { vec![None] } else { listed.iter().map(Some).collect() };
        for (address, ready) in addresses(subset) {
            let key = key(address);
            details.entry(key.clone()).or_insert_with(|| address.clone());
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
    packed.sort_by_cached_key(dump::subset_hash);
    packed
}

/// How many addresses the subsets have, ready or not.
pub(super) fn count(subsets: &[Value]) -> usize {
    subsets.iter().map(|subset| addresses(subset).count()).sum()
}

/// Cuts what goes beyond the capacity, each subset in proportion, ready addresses last. Answers whether anything went.
pub(super) fn truncate(subsets: &mut Vec<Value>) -> bool {
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
pub(super) fn addresses(subset: &Value) -> impl Iterator<Item = (&Value, bool)> {
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
pub(super) fn target(pod: &PodView) -> Value {
    json!({"kind": "Pod", "namespace": pod.namespace, "name": pod.name, "uid": pod.uid})
}

fn subset(mut ports: Vec<&Value>, addresses: &Addresses, details: &BTreeMap<AddressKey, Value>) -> Value {
    ports.sort_by_cached_key(|port| dump::subset_port_hash(port));
    let list = |wanted: bool| -> Vec<&Value> {
        addresses.iter().filter(|(_, ready)| **ready == wanted).filter_map(|(key, _)| details.get(key)).collect()
    };
    let mut subset = Map::new();
    for (name, list) in [("addresses", list(true)), ("notReadyAddresses", list(false)), ("ports", ports)] {
        if !list.is_empty() {
            subset.insert(name.into(), json!(list));
        }
    }
    subset.into()
}
