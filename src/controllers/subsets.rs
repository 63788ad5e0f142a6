//! The subsets of an Endpoints object, computed from a Service and the pods of its namespace.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::object::meta;

/// An address in order of its IP as text, then of the pod's uid.
type AddressKey = (String, String);
/// Which addresses offer something, and whether each is ready.
type Addresses = BTreeMap<AddressKey, bool>;

/// Whether the Service has a selector whose pods it wants as endpoints.
pub(super) fn has_selector(service: &Value) -> bool {
    meta::text(service, &["spec", "type"]) != "ExternalName"
        && meta::map(service, &["spec", "selector"]).is_some_and(|selector| !selector.is_empty())
}

/// Whether the Service selects the pod.
pub(super) fn selects(service: &Value, pod: &Value) -> bool {
    let labels = meta::map(pod, &["metadata", "labels"]);
    let selector = meta::map(service, &["spec", "selector"]);
    has_selector(service)
        && selector.into_iter().flatten().all(|(key, value)| labels.and_then(|l| l.get(key)) == Some(value))
}

/// The subsets for a Service: ports that the same addresses offer share one.
pub(super) fn of<'a>(service: &Value, pods: impl Iterator<Item = &'a Value>) -> Vec<Value> {
    let publish_not_ready = meta::at(service, &["spec", "publishNotReadyAddresses"]) == Some(&Value::Bool(true));
    let mut details: BTreeMap<AddressKey, Value> = BTreeMap::new();
    let mut by_port: Vec<(Option<Value>, Addresses)> = Vec::new();
    for pod in pods.filter(|pod| selects(service, pod) && counts(pod, publish_not_ready)) {
        let Some(ip) = pod_ip(service, pod) else { continue };
        let key = (ip.to_owned(), meta::uid(pod).to_owned());
        details.insert(key.clone(), address(service, pod, ip));
        let ready = publish_not_ready || is_ready(pod);
        for port in offered(service, pod) {
            match by_port.iter_mut().find(|(known, _)| *known == port) {
                Some((_, addresses)) => addresses.insert(key.clone(), ready),
                None => {
                    by_port.push((port, Addresses::from([(key.clone(), ready)])));
                    None
                }
            };
        }
    }
    let mut groups: Vec<(Vec<Value>, Addresses)> = Vec::new();
    for (port, addresses) in by_port {
        match groups.iter_mut().find(|(_, known)| *known == addresses) {
            Some((ports, _)) => ports.extend(port),
            None => groups.push((port.into_iter().collect(), addresses)),
        }
    }
    let mut subsets: Vec<_> =
        groups.into_iter().map(|(ports, addresses)| subset(ports, &addresses, &details)).collect();
    subsets.sort_by_key(|subset| fnv128(&dump_subset(subset)));
    subsets
}

/// Whether a pod has an address that counts: it runs, or is on its way out but wanted all the same.
fn counts(pod: &Value, publish_not_ready: bool) -> bool {
    let finished = matches!(meta::text(pod, &["status", "phase"]), "Succeeded" | "Failed");
    !finished && (publish_not_ready || !meta::is_deleting(pod))
}

fn is_ready(pod: &Value) -> bool {
    let mut conditions = meta::items(pod, &["status", "conditions"]).iter();
    conditions.any(|c| meta::text(c, &["type"]) == "Ready" && meta::text(c, &["status"]) == "True")
}

/// The pod's first address of the Service's primary family.
fn pod_ip<'a>(service: &Value, pod: &'a Value) -> Option<&'a str> {
    let wants_v6 = meta::items(service, &["spec", "ipFamilies"]).first().and_then(Value::as_str) == Some("IPv6");
    let listed = meta::items(pod, &["status", "podIPs"]).iter().map(|ip| meta::text(ip, &["ip"]));
    let single = std::iter::once(meta::text(pod, &["status", "podIP"]));
    listed.chain(single).find(|ip| !ip.is_empty() && ip.contains(':') == wants_v6)
}

fn address(service: &Value, pod: &Value, ip: &str) -> Value {
    let mut address = Map::new();
    address.insert("ip".into(), ip.into());
    let hostname = meta::text(pod, &["spec", "hostname"]);
    if !hostname.is_empty() && meta::text(pod, &["spec", "subdomain"]) == meta::name(service) {
        address.insert("hostname".into(), hostname.into());
    }
    let node = meta::text(pod, &["spec", "nodeName"]);
    if !node.is_empty() {
        address.insert("nodeName".into(), node.into());
    }
    let target =
        json!({"kind": "Pod", "namespace": meta::namespace(pod), "name": meta::name(pod), "uid": meta::uid(pod)});
    address.insert("targetRef".into(), target);
    address.into()
}

/// The endpoint ports a pod offers; `None` stands for a headless Service without ports.
fn offered(service: &Value, pod: &Value) -> Vec<Option<Value>> {
    let ports = meta::items(service, &["spec", "ports"]);
    if ports.is_empty() && meta::text(service, &["spec", "clusterIP"]) == "None" {
        return vec![None];
    }
    let resolve = |port: &Value| {
        let number = target_port(port, pod)?;
        let mut endpoint = Map::new();
        if let Some(name) = port.get("name") {
            endpoint.insert("name".into(), name.clone());
        }
        endpoint.insert("port".into(), number.into());
        endpoint.insert("protocol".into(), meta::text(port, &["protocol"]).into());
        if let Some(protocol) = port.get("appProtocol") {
            endpoint.insert("appProtocol".into(), protocol.clone());
        }
        Some(Value::Object(endpoint))
    };
    ports.iter().filter_map(resolve).map(Some).collect()
}

/// The number behind a Service port in one pod: a named target is looked up among the pod's containers, then its sidecars.
fn target_port(port: &Value, pod: &Value) -> Option<i64> {
    let name = match port.get("targetPort")? {
        Value::String(name) => name,
        number => return number.as_i64(),
    };
    let is_sidecar = |c: &&Value| meta::text(c, &["restartPolicy"]) == "Always";
    let containers = meta::items(pod, &["spec", "containers"]).iter();
    let sidecars = meta::items(pod, &["spec", "initContainers"]).iter().filter(is_sidecar);
    containers
        .chain(sidecars)
        .flat_map(|container| meta::items(container, &["ports"]))
        .find(|p| meta::text(p, &["name"]) == name && meta::text(p, &["protocol"]) == meta::text(port, &["protocol"]))
        .and_then(|p| p.get("containerPort")?.as_i64())
}

fn subset(mut ports: Vec<Value>, addresses: &Addresses, details: &BTreeMap<AddressKey, Value>) -> Value {
    ports.sort_by_key(|port| fnv128(&dump_port(port)));
    let list = |wanted: bool| -> Vec<&Value> {
        addresses.iter().filter(|(_, ready)| **ready == wanted).filter_map(|(key, _)| details.get(key)).collect()
    };
    let (ready, not_ready) = (list(true), list(false));
    let mut subset = Map::new();
    for (name, list) in [("addresses", json!(ready)), ("notReadyAddresses", json!(not_ready)), ("ports", json!(ports))]
    {
        if list.as_array().is_some_and(|l| !l.is_empty()) {
            subset.insert(name.into(), list);
        }
    }
    subset.into()
}

/// FNV-1a with 128 bits, by which Kubernetes orders ports and subsets.
fn fnv128(text: &str) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    text.bytes().fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

fn dump_port(port: &Value) -> String {
    format!("(v1.EndpointPort){}", dump_port_members(port))
}

fn dump_port_members(port: &Value) -> String {
    let number = port.get("port").and_then(Value::as_i64).unwrap_or_default();
    let protocol = pointer(port.get("appProtocol"));
    format!(
        "{{Name:(string){} Port:(int32){number} Protocol:(v1.Protocol){} AppProtocol:(*string){protocol}}}",
        meta::text(port, &["name"]),
        meta::text(port, &["protocol"])
    )
}

fn dump_subset(subset: &Value) -> String {
    let list = |name: &str, dump: fn(&Value) -> String| match subset.get(name).and_then(Value::as_array) {
        None => "<nil>".to_owned(),
        Some(items) => format!("[{}]", items.iter().map(dump).collect::<Vec<_>>().join(" ")),
    };
    format!(
        "(v1.EndpointSubset){{Addresses:([]v1.EndpointAddress){} NotReadyAddresses:([]v1.EndpointAddress){} Ports:([]v1.EndpointPort){}}}",
        list("addresses", dump_address),
        list("notReadyAddresses", dump_address),
        list("ports", dump_port_members)
    )
}

fn dump_address(address: &Value) -> String {
    let target = |name: &str| meta::text(address, &["targetRef", name]).to_owned();
    format!(
        "{{IP:(string){} Hostname:(string){} NodeName:(*string){} TargetRef:(*v1.ObjectReference){{Kind:(string){} \
         Namespace:(string){} Name:(string){} UID:(types.UID){} APIVersion:(string) ResourceVersion:(string) FieldPath:(string)}}}}",
        meta::text(address, &["ip"]),
        meta::text(address, &["hostname"]),
        pointer(address.get("nodeName")),
        target("kind"),
        target("namespace"),
        target("name"),
        target("uid"),
    )
}

fn pointer(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or("<nil>")
}
