//! The subsets of an Endpoints object: computed from a Service and its pods, put into their one form, cut to size.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use k8s_openapi::api::core::v1::{EndpointAddress, EndpointPort, EndpointSubset, ObjectReference, ServicePort};

use super::subset_hash;
use crate::world::{pod_view::PodView, service_view::ServiceView};

/// The most addresses that an Endpoints object lists.
const CAPACITY: usize = 1000;

/// An address in order of its IP as text, then of its target's uid, those without a target first.
type AddressKey<'a> = (&'a str, Option<&'a str>);
/// Which addresses offer something, and whether each is ready.
type Addresses<'a> = BTreeMap<AddressKey<'a>, bool>;
/// What makes two ports the same one: name, number, protocol and application protocol.
type PortKey<'a> = (Option<&'a str>, i32, Option<&'a str>, Option<&'a str>);

/// The subsets for a Service and the pods that it selects.
pub fn of(service: &ServiceView<'_>, pods: &[Arc<PodView>]) -> Vec<EndpointSubset> {
    let publish_not_ready = service.publishes_not_ready();
    let wants_v6 = service.families().first().is_some_and(|family| family == "IPv6");
    let without_ports = is_portless(service);
    let offers = Offers::of(service);
    let mut subsets: Vec<EndpointSubset> = Vec::new();
    let mut by_numbers: HashMap<Vec<Option<i32>>, usize> = HashMap::new();
    for pod in pods.iter().filter(|pod| !pod.is_finished && (publish_not_ready || !pod.is_deleting)) {
        let Some(ip) = pod.ips.iter().find(|ip| ip.is_ipv6() == wants_v6) else { continue };
        let ports = offers.by(pod);
        if ports.is_empty() && !without_ports {
            continue;
        }
        // What pods offer differs in the numbers behind the Service's ports only.
        let known = *by_numbers.entry(offers.numbers(pod)).or_insert_with(|| {
            subsets.push(EndpointSubset { ports: Some(ports.into_owned()), ..EndpointSubset::default() });
            subsets.len() - 1
        });
        let subset = &mut subsets[known];
        let is_ready = publish_not_ready || pod.is_ready;
        let list = if is_ready { &mut subset.addresses } else { &mut subset.not_ready_addresses };
        list.get_or_insert_default().push(address(service, pod, &ip.to_string()));
    }
    repack(&subsets)
}

/// The ports of a Service as pods offer them.
pub struct Offers<'a> {
    ports: &'a [ServicePort],
    /// The ports of all pods, if none has to be looked up by its name.
    all: Option<Vec<EndpointPort>>,
}

impl<'a> Offers<'a> {
    /// Looks at the ports of a Service.
    pub fn of(service: &'a ServiceView<'_>) -> Self {
        use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString::{Int, String};
        let ports = service.ports();
        let by_name = |port: &ServicePort| matches!(port.target_port, Some(String(_)));
        let number = |port: &ServicePort| match port.target_port {
            Some(Int(number)) => Some(number),
            _ => None,
        };
        let is_plain = !ports.iter().any(by_name);
        Self { ports, all: is_plain.then(|| offered(ports, number)) }
    }

    /// What a pod offers; ports that it does not have are left out.
    pub fn by(&self, pod: &PodView) -> Cow<'_, [EndpointPort]> {
        match &self.all {
            Some(ports) => Cow::Borrowed(ports),
            None => Cow::Owned(offered(self.ports, |port| pod.resolve(port))),
        }
    }

    /// Whether all pods offer the same.
    pub fn are_uniform(&self) -> bool {
        self.all.is_some()
    }

    /// What tells the offer of a pod from those of others.
    fn numbers(&self, pod: &PodView) -> Vec<Option<i32>> {
        match self.all {
            Some(_) => Vec::new(),
            None => self.ports.iter().map(|port| pod.resolve(port)).collect(),
        }
    }
}

/// Whether a Service leads to pods without naming a port, as only headless ones do.
fn is_portless(service: &ServiceView<'_>) -> bool {
    service.ports().is_empty() && service.cluster_ip() == "None"
}

fn offered(ports: &[ServicePort], number: impl Fn(&ServicePort) -> Option<i32>) -> Vec<EndpointPort> {
    let resolve = |port: &ServicePort| {
        Some(EndpointPort {
            name: port.name.clone(),
            port: number(port)?,
            protocol: Some(port.protocol.clone().unwrap_or_default()),
            app_protocol: port.app_protocol.clone(),
        })
    };
    ports.iter().filter_map(resolve).collect()
}

/// The one form of a list of subsets: ports that the same addresses offer share a subset, and everything is in order.
pub fn repack(subsets: &[EndpointSubset]) -> Vec<EndpointSubset> {
    let mut details: BTreeMap<AddressKey<'_>, &EndpointAddress> = BTreeMap::new();
    let mut listed_in: BTreeMap<Option<PortKey<'_>>, (Option<&EndpointPort>, Vec<usize>)> = BTreeMap::new();
    for (index, subset) in subsets.iter().enumerate().filter(|(_, subset)| count(subset) > 0) {
        for (address, _) in addresses(subset) {
            details.entry(key(address)).or_insert(address);
        }
        let listed = subset.ports.as_deref().filter(|ports| !ports.is_empty());
        for port in listed.map_or(vec![None], |ports| ports.iter().map(Some).collect()) {
            let (_, indexes) = listed_in.entry(port.map(port_key)).or_insert((port, Vec::new()));
            indexes.push(index);
        }
    }
    // Ports that the same subsets list lead to the same addresses, which need to be put together once only.
    let mut by_subsets: BTreeMap<Vec<usize>, Vec<&EndpointPort>> = BTreeMap::new();
    for (port, mut indexes) in listed_in.into_values() {
        indexes.dedup();
        by_subsets.entry(indexes).or_default().extend(port);
    }
    let mut groups: HashMap<Addresses<'_>, Vec<&EndpointPort>> = HashMap::new();
    for (indexes, ports) in by_subsets {
        let mut all = Addresses::new();
        for (address, ready) in indexes.iter().flat_map(|index| addresses(&subsets[*index])) {
            // An address that is both ready and not ready at a port is not ready.
            all.entry(key(address)).and_modify(|known| *known &= ready).or_insert(ready);
        }
        groups.entry(all).or_default().extend(ports);
    }
    let mut packed: Vec<_> = groups.into_iter().map(|(all, ports)| subset(ports, &all, &details)).collect();
    packed.sort_by_cached_key(subset_hash::subset_hash);
    packed
}

/// How many addresses a subset has, ready or not.
pub fn count(subset: &EndpointSubset) -> usize {
    addresses(subset).count()
}

/// Cuts what goes beyond the capacity, each subset in proportion, ready addresses last. Returns whether anything went.
pub fn truncate(subsets: &mut Vec<EndpointSubset>) -> bool {
    if subsets.iter().map(count).sum::<usize>() <= CAPACITY {
        return false;
    }
    let len = |list: &Option<Vec<EndpointAddress>>| list.as_ref().map_or(0, Vec::len);
    let ready: usize = subsets.iter().map(|subset| len(&subset.addresses)).sum();
    let not_ready: usize = subsets.iter().map(|subset| len(&subset.not_ready_addresses)).sum();
    let keeps_only_ready = ready > CAPACITY;
    let (total, budget) = if keeps_only_ready { (ready, CAPACITY) } else { (not_ready, CAPACITY - ready) };
    let mut left = budget;
    for subset in subsets.iter_mut() {
        if keeps_only_ready {
            subset.not_ready_addresses = None;
        }
        let list = if keeps_only_ready { &mut subset.addresses } else { &mut subset.not_ready_addresses };
        if let Some(addresses) = list {
            addresses.truncate((addresses.len() * budget).div_ceil(total).min(left));
            left -= addresses.len();
        }
        for list in [&mut subset.addresses, &mut subset.not_ready_addresses] {
            list.take_if(|addresses| addresses.is_empty());
        }
    }
    subsets.retain(|subset| count(subset) > 0);
    true
}

/// The addresses of a subset, and whether each is ready.
pub fn addresses(subset: &EndpointSubset) -> impl Iterator<Item = (&EndpointAddress, bool)> {
    let ready = subset.addresses.iter().flatten().map(|address| (address, true));
    ready.chain(subset.not_ready_addresses.iter().flatten().map(|address| (address, false)))
}

/// The reference to a pod.
pub fn target(pod: &PodView) -> ObjectReference {
    ObjectReference {
        kind: Some("Pod".to_owned()),
        namespace: Some(pod.namespace.clone()),
        name: Some(pod.name.clone()),
        uid: Some(pod.uid.clone()),
        ..ObjectReference::default()
    }
}

fn key(address: &EndpointAddress) -> AddressKey<'_> {
    let target = address.target_ref.as_ref();
    (&address.ip, target.map(|target| target.uid.as_deref().unwrap_or_default()))
}

fn port_key(port: &EndpointPort) -> PortKey<'_> {
    (port.name.as_deref(), port.port, port.protocol.as_deref(), port.app_protocol.as_deref())
}

fn address(service: &ServiceView<'_>, pod: &PodView, ip: &str) -> EndpointAddress {
    EndpointAddress {
        hostname: pod.hostname_in(service.metadata.name).map(str::to_owned),
        ip: ip.to_owned(),
        node_name: Some(pod.node.clone()),
        target_ref: Some(target(pod)),
    }
}

fn subset(
    mut ports: Vec<&EndpointPort>,
    addresses: &Addresses<'_>,
    details: &BTreeMap<AddressKey<'_>, &EndpointAddress>,
) -> EndpointSubset {
    ports.sort_by_cached_key(|port| subset_hash::subset_port_hash(port));
    let list = |wanted: bool| {
        let wanted = addresses.iter().filter(|(_, ready)| **ready == wanted);
        some(wanted.filter_map(|(key, _)| details.get(key).copied()).cloned().collect())
    };
    let ports = some(ports.into_iter().cloned().collect());
    EndpointSubset { addresses: list(true), not_ready_addresses: list(false), ports }
}

/// `None` instead of an empty list.
fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}
