//! EndpointSlices: the pods that a Service selects, in slices by address type and ports.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::BoxFuture;
use k8s_openapi::api::{
    core::v1::EndpointPort,
    discovery::v1::{Endpoint, EndpointConditions, EndpointPort as SlicePort, EndpointSlice},
};
use serde_json::{Value, json};

use super::{
    endpoints::{HEADLESS, mark_headless},
    hints::Hints,
    slice_plan::{self, Frame, Groups},
    slice_writes::{self, MANAGED_BY},
    subsets::{self, Offers},
    topology,
    triggers::{TriggerTimes, services_of_pod},
};
use crate::{
    controllers::engine::{
        controller::{Context, Controller, split_key},
        writes,
    },
    world::{
        change::Change,
        informer::Informers,
        node_view::NodeView,
        pod_view::PodView,
        recorder::Note,
        selection::{SERVICE_NAME, selecting_service, service_of},
        service_view::ServiceView,
    },
};
use crate::{
    kinds::{core::node, endpoint_slice, pod, service},
    object::status::Result,
};

/// This controller, as [`MANAGED_BY`] names it.
const MANAGER: &str = "endpointslice-controller.k8s.io";
/// Labels that say what a slice is.
const OWN_LABELS: &[&str] = &[SERVICE_NAME, MANAGED_BY, HEADLESS];

/// Keeps the slices of Services with a selector.
#[derive(Default)]
pub struct EndpointSliceController {
    triggers: TriggerTimes,
    hints: Hints,
    /// The Services with a pod whose node is not there yet, by node.
    without_node: Mutex<HashMap<String, BTreeSet<String>>>,
}

/// A pod whose node is known, and the zone of the node.
type Placed = (Arc<PodView>, Option<String>);
/// Pods whose node is not known.
type Lost = Vec<Arc<PodView>>;

impl Controller for EndpointSliceController {
    fn name(&self) -> &'static str {
        MANAGER
    }

    fn keys(&self, change: &Change, Context { world, .. }: Context<'_>) -> Vec<String> {
        if change.is(&service::DEF) {
            selecting_service(change).into_iter().collect()
        } else if change.is(&pod::DEF) {
            services_of_pod(change, world)
        } else if change.is(&endpoint_slice::DEF) {
            slice_writes::edited(change, MANAGER, service_of)
        } else if change.is(&node::DEF) {
            self.services_of_node(change, world)
        } else {
            Vec::new()
        }
    }

    fn coalesces(&self) -> bool {
        true
    }

    fn reconcile<'a>(&'a self, key: &'a str, Context { world, .. }: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let (namespace, name) = split_key(key);
            let Some(service) = world.get(&service::DEF, namespace, name).await? else {
                // The garbage collector removes the slices.
                self.triggers.forget(key);
                self.hints.forget(key);
                return Ok(());
            };
            let service = ServiceView::of(&service)?;
            let Some(selector) = service.selector() else { return Ok(()) };
            let pods = world.with_index(|index| index.pods(namespace, &selector));
            let time = self.triggers.advance(key, &service, &pods);
            let (placed, lost) = self.place(key, &service, pods, world);
            let existing = slice_writes::existing(world, namespace, name, MANAGER).await?;
            let types = address_types(&service);
            let is_staying = !service.metadata.is_deleting();
            let (mut usable, obsolete): (Vec<_>, Vec<_>) = existing
                .into_iter()
                .partition(|slice| types.contains(&slice.address_type.as_str()) && is_owned(slice, &service));
            for address_type in types {
                let of_type = |slice: &mut EndpointSlice| slice.address_type == address_type;
                let slices = usable.extract_if(.., of_type).collect();
                let groups = groups(&service, &placed, address_type);
                let mut plan = slice_plan::plan(slices, groups, &frame(&service, address_type));
                let shares = || world.with_index(|index| topology::shares(&index.nodes()));
                let told = self.hints.apply(key, address_type, &service, &mut plan, shares);
                plan.recycle();
                if let Err(status) = slice_writes::carry_out(world, plan, time, is_staying).await {
                    report(world, key, &service, &status.message).await;
                    return Err(status);
                }
                if let Some(((kind, reason), message)) = told {
                    tell(world, &service, kind, reason, &message).await;
                }
            }
            // What a Service on its way out does not own has been orphaned, and is to stay.
            for slice in obsolete.into_iter().filter(|_| is_staying) {
                writes::delete(&world.api, &endpoint_slice::DEF, &json!(slice), "").await?;
            }
            report_lost(world, key, &service, &lost).await;
            Ok(())
        })
    }
}

impl EndpointSliceController {
    /// Those that have waited for a node, and those whose hints do not fit any more.
    fn services_of_node(&self, change: &Change, world: &Informers) -> Vec<String> {
        let mut waiting = self.without_node.lock().unwrap_or_else(PoisonError::into_inner);
        let found = if change.is_removal() { None } else { waiting.remove(change.key.name()) };
        // One that does not decode is in no index; the informer has reported it.
        let facts = |node: &Value| NodeView::of(node).ok().map(|node| (node.zone().to_owned(), node.is_ready));
        let mut services: Vec<_> = found.into_iter().flatten().collect();
        if change.before().map(facts) != change.now().map(facts) {
            let shares = world.with_index(|index| topology::shares(&index.nodes()));
            services.extend(self.hints.overloaded(shares.as_ref()));
        }
        services
    }

    /// Leaves out the pods whose node does not exist, and remembers to come back when it does; returns the others, and
    /// those left out.
    fn place(
        &self,
        key: &str,
        service: &ServiceView<'_>,
        pods: Vec<Arc<PodView>>,
        world: &Informers,
    ) -> (Vec<Placed>, Lost) {
        let publish_not_ready = service.publishes_not_ready();
        world.with_index(|index| {
            let (mut placed, mut lost) = (Vec::new(), Vec::new());
            for pod in pods.into_iter().filter(|pod| !pod.is_finished && !pod.ips.is_empty()) {
                let zone = index.zone(&pod.node);
                if zone.is_some() || publish_not_ready {
                    placed.push((pod, zone.map(str::to_owned)));
                } else {
                    // The index cannot change meanwhile, so the node's arrival comes after this note.
                    let mut waiting = self.without_node.lock().unwrap_or_else(PoisonError::into_inner);
                    waiting.entry(pod.node.clone()).or_default().insert(key.to_owned());
                    lost.push(pod);
                }
            }
            (placed, lost)
        })
    }
}

/// Tells the users of a Service which of its pods are left out.
async fn report_lost(world: &Informers, key: &str, service: &ServiceView<'_>, lost: &[Arc<PodView>]) {
    let skipped =
        |pod: &Arc<PodView>| format!("skipping Pod {} for Service {key}: Node {} Not Found", pod.name, pod.node);
    let causes: Vec<_> = lost.iter().map(skipped).collect();
    let causes = match causes.as_slice() {
        [] => return,
        [only] => only.clone(),
        several => format!("[{}]", several.join(", ")),
    };
    report(world, key, service, &causes).await;
}

/// Tells the users of a Service why its slices are not as they should be.
async fn report(world: &Informers, key: &str, service: &ServiceView<'_>, why: &str) {
    let message = format!("Error updating Endpoint Slices for Service {key}: {why}");
    tell(world, service, "Warning", "FailedToUpdateEndpointSlices", &message).await;
}

async fn tell(world: &Informers, service: &ServiceView<'_>, kind: &str, reason: &str, message: &str) {
    world.recorder.record(service.object, Note { component: "endpoint-slice-controller", kind, reason, message }).await;
}

/// The wanted endpoints of one address type.
fn groups(service: &ServiceView<'_>, pods: &[Placed], address_type: &str) -> Groups {
    let mut groups = Groups::default();
    let offers = Offers::of(service);
    let mut only_group = None;
    for (pod, zone) in pods {
        let group = match &only_group {
            Some(group) if offers.are_uniform() => group,
            _ => only_group.insert(groups.open(offers.by(pod).iter().map(slice_port).collect())),
        };
        if let Some(endpoint) = endpoint(service, pod, zone.as_deref(), address_type) {
            groups.insert(group, endpoint);
        }
    }
    groups
}

/// A port as slices have it: an unnamed one has an empty name.
pub fn slice_port(port: &EndpointPort) -> SlicePort {
    SlicePort {
        name: Some(port.name.clone().unwrap_or_default()),
        port: Some(port.port),
        protocol: port.protocol.clone(),
        app_protocol: port.app_protocol.clone(),
    }
}

fn endpoint(service: &ServiceView<'_>, pod: &PodView, zone: Option<&str>, address_type: &str) -> Option<Endpoint> {
    let of_type = pod.ips.iter().filter(|ip| ip.is_ipv6() == (address_type == "IPv6"));
    let addresses: Vec<_> = of_type.map(ToString::to_string).collect();
    if addresses.is_empty() {
        return None;
    }
    let is_ready = service.publishes_not_ready() || pod.is_ready && !pod.is_deleting;
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Some(Endpoint {
        addresses,
        conditions: Some(EndpointConditions {
            ready: Some(is_ready),
            serving: Some(pod.is_ready),
            terminating: Some(pod.is_deleting),
        }),
        hostname: pod.hostname_in(service.metadata.name).map(str::to_owned),
        target_ref: Some(subsets::target(pod)),
        node_name: given(&pod.node),
        zone: zone.and_then(given),
        ..Endpoint::default()
    })
}

/// The address types of a Service: its families, or what its cluster IP tells, or both.
fn address_types(service: &ServiceView<'_>) -> Vec<&'static str> {
    let of = |is_v6: bool| if is_v6 { "IPv6" } else { "IPv4" };
    if !service.families().is_empty() {
        return service.families().iter().map(|family| of(family == "IPv6")).collect();
    }
    match service.cluster_ip() {
        "" | "None" => vec!["IPv4", "IPv6"],
        address => vec![of(address.contains(':'))],
    }
}

fn is_owned(slice: &EndpointSlice, service: &ServiceView<'_>) -> bool {
    let mut owners = slice.metadata.owner_references.iter().flatten();
    owners.any(|owner| owner.uid == service.metadata.uid && owner.kind == "Service" && owner.api_version == "v1")
}

fn frame(service: &ServiceView<'_>, address_type: &str) -> Frame {
    let own = service.metadata.labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let mut labels = own.collect();
    mark_headless(&mut labels, service);
    let blank = slice_writes::blank(&service.metadata, &service::DEF, labels, MANAGER, address_type);
    Frame { blank, own_labels: OWN_LABELS }
}
