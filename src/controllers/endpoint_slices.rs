//! EndpointSlices: the pods that a Service selects, in slices by address type and ports.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::{
    Controller,
    endpoints::{HEADLESS, is_headless},
    hints,
    informer::{Change, Informers},
    key_of,
    pod_view::PodView,
    selection::{SERVICE_NAME, selector, service_of},
    slice_plan::{self, Frame, Groups},
    slice_writes::{self, MANAGED_BY},
    split_key, subsets,
    triggers::{TriggerTimes, services_of_pod},
    writes,
};
use crate::{
    kinds::{endpoint_slice, node, pod, service},
    object::{meta, status::Result},
};

/// This controller, as [`MANAGED_BY`] names it.
const MANAGER: &str = "endpointslice-controller.k8s.io";
/// Labels that say what a slice is.
const OWN_LABELS: &[&str] = &[SERVICE_NAME, MANAGED_BY, HEADLESS];

/// Keeps the slices of Services with a selector.
#[derive(Default)]
pub(super) struct EndpointSliceController {
    triggers: TriggerTimes,
    /// The Services with a pod whose node is not there yet, by node.
    without_node: Mutex<HashMap<String, BTreeSet<String>>>,
}

/// A pod whose node is known, and the zone of the node.
type Placed = (Arc<PodView>, Option<String>);

impl Controller for EndpointSliceController {
    fn name(&self) -> &'static str {
        MANAGER
    }

    fn keys(&self, change: &Change, world: &Informers) -> Vec<String> {
        if change.is(&service::DEF) {
            change.newest().map(key_of).into_iter().collect()
        } else if change.is(&pod::DEF) {
            services_of_pod(change, world)
        } else if change.is(&endpoint_slice::DEF) {
            slice_writes::edited(change, MANAGER, service_of)
        } else if change.is(&node::DEF) && !change.is_removal() {
            let mut waiting = self.without_node.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.remove(change.key.name()).into_iter().flatten().collect()
        } else {
            Vec::new()
        }
    }

    fn reconcile<'a>(&'a self, key: &'a str, world: &'a Informers) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let (namespace, name) = split_key(key);
            let Some(service) = world.get(&service::DEF, namespace, name).await? else {
                // The garbage collector removes the slices.
                self.triggers.forget(key);
                return Ok(());
            };
            let Some(selector) = selector(&service) else { return Ok(()) };
            let pods = world.look(|index| index.pods(namespace, &selector));
            let time = self.triggers.advance(key, &service, &pods);
            let placed = self.place(key, &service, pods, world);
            let existing = slice_writes::existing(world, namespace, name, MANAGER).await?;
            let types = address_types(&service);
            let is_staying = !meta::is_deleting(&service);
            let (mut usable, obsolete): (Vec<_>, Vec<_>) = existing.into_iter().partition(|slice| {
                let is_wanted = types.contains(&meta::text(slice, &["addressType"]));
                is_wanted && is_owned(slice, &service)
            });
            for address_type in types {
                let of_type = |slice: &mut Value| meta::text(slice, &["addressType"]) == address_type;
                let slices = usable.extract_if(.., of_type).collect();
                let groups = groups(&service, &placed, address_type);
                let mut plan = slice_plan::plan(slices, groups, &frame(&service, address_type));
                hints::apply(&service, &mut plan);
                plan.recycle();
                slice_writes::carry_out(world, plan, time, is_staying).await?;
            }
            // What a Service on its way out does not own has been orphaned, and is to stay.
            for slice in obsolete.into_iter().filter(|_| is_staying) {
                writes::delete(&world.api, &endpoint_slice::DEF, &slice, "").await?;
            }
            Ok(())
        })
    }
}

impl EndpointSliceController {
    /// Leaves out the pods whose node does not exist, and remembers to come back when it does.
    fn place(&self, key: &str, service: &Value, pods: Vec<Arc<PodView>>, world: &Informers) -> Vec<Placed> {
        let publish_not_ready = publishes_not_ready(service);
        world.look(|index| {
            let mut placed = Vec::new();
            for pod in pods.into_iter().filter(|pod| !pod.is_finished && !pod.ips.is_empty()) {
                let zone = index.zone(&pod.node);
                if zone.is_some() || publish_not_ready {
                    placed.push((pod, zone.map(str::to_owned)));
                } else {
                    // The index cannot change meanwhile, so the node's arrival comes after this note.
                    let mut waiting = self.without_node.lock().unwrap_or_else(PoisonError::into_inner);
                    waiting.entry(pod.node.clone()).or_default().insert(key.to_owned());
                }
            }
            placed
        })
    }
}

/// The wanted endpoints of one address type.
fn groups(service: &Value, pods: &[Placed], address_type: &str) -> Groups {
    let mut groups = Groups::default();
    for (pod, zone) in pods {
        let group = groups.open(ports(service, pod));
        if let Some(endpoint) = endpoint(service, pod, zone.as_deref(), address_type) {
            groups.insert(&group, endpoint);
        }
    }
    groups
}

/// The ports of a Service as a pod offers them. In slices an unnamed port has an empty name.
fn ports(service: &Value, pod: &PodView) -> Vec<Value> {
    let mut ports = subsets::offered(service, pod);
    for port in ports.iter_mut().filter_map(Value::as_object_mut) {
        port.entry("name").or_insert_with(|| "".into());
    }
    ports
}

fn endpoint(service: &Value, pod: &PodView, zone: Option<&str>, address_type: &str) -> Option<Value> {
    let of_type = pod.ips.iter().filter(|ip| ip.is_ipv6() == (address_type == "IPv6"));
    let addresses: Vec<_> = of_type.map(ToString::to_string).collect();
    if addresses.is_empty() {
        return None;
    }
    let is_ready = publishes_not_ready(service) || pod.is_ready && !pod.is_deleting;
    let mut endpoint = Map::new();
    endpoint.insert("addresses".into(), json!(addresses));
    let conditions = json!({"ready": is_ready, "serving": pod.is_ready, "terminating": pod.is_deleting});
    endpoint.insert("conditions".into(), conditions);
    meta::set(&mut endpoint, "hostname", pod.hostname_in(meta::name(service)));
    endpoint.insert("targetRef".into(), subsets::target(pod));
    meta::set(&mut endpoint, "nodeName", Some(pod.node.as_str()).filter(|node| !node.is_empty()));
    meta::set(&mut endpoint, "zone", zone.filter(|zone| !zone.is_empty()));
    Some(endpoint.into())
}

fn publishes_not_ready(service: &Value) -> bool {
    meta::at(service, &["spec", "publishNotReadyAddresses"]) == Some(&Value::Bool(true))
}

/// The address types of a Service: its families, or what its cluster IP tells, or both.
fn address_types(service: &Value) -> Vec<&'static str> {
    let of = |is_v6: bool| if is_v6 { "IPv6" } else { "IPv4" };
    let families = meta::items(service, &["spec", "ipFamilies"]);
    if !families.is_empty() {
        return families.iter().map(|family| of(family == "IPv6")).collect();
    }
    match meta::text(service, &["spec", "clusterIP"]) {
        "" | "None" => vec!["IPv4", "IPv6"],
        address => vec![of(address.contains(':'))],
    }
}

fn is_owned(slice: &Value, service: &Value) -> bool {
    meta::items(slice, &["metadata", "ownerReferences"]).iter().any(|owner| {
        let text = |name: &str| meta::text(owner, &[name]);
        text("uid") == meta::uid(service) && text("kind") == "Service" && text("apiVersion") == "v1"
    })
}

fn frame(service: &Value, address_type: &str) -> Frame {
    let mut labels = meta::map(service, &["metadata", "labels"]).cloned().unwrap_or_default();
    meta::set(&mut labels, HEADLESS, is_headless(service).then_some(""));
    let blank = slice_writes::blank(service, &service::DEF, labels, MANAGER, address_type);
    Frame { blank, own_labels: OWN_LABELS }
}
