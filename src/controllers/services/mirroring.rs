//! Mirrors Endpoints that somebody writes for a Service without a selector into EndpointSlices.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use k8s_openapi::api::{
    core::v1::{EndpointAddress, EndpointSubset},
    discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    endpoint_slices::slice_port,
    endpoints::LEADER,
    slice_plan::{Plan, port_key, ports},
    slice_writes::{self, MANAGED_BY},
    subset_hash, subsets,
    triggers::TRIGGER_TIME,
};
use crate::{
    controllers::engine::controller::{Context, Controller, split_key},
    world::{
        change::Change,
        decode::{decode, or_default},
        informer::Informers,
        meta_view::MetaView,
        recorder::Note,
        selection::{SERVICE_NAME, service_of},
        service_view::ServiceView,
    },
};
use crate::{
    kinds::{Family, core::endpoints, endpoint_slice, rules::ip, service},
    object::{Facts, status::Result, well_known::LAST_APPLIED},
};

/// This controller, as [`MANAGED_BY`] names it.
const MANAGER: &str = "endpointslicemirroring-controller.k8s.io";
/// Says that an object wants no mirror.
const SKIP_MIRROR: &str = "endpointslice.kubernetes.io/skip-mirror";
/// The most addresses of a subset that are mirrored.
const SUBSET_CAPACITY: usize = 1000;

/// Keeps the mirrors.
pub struct MirroringController;

/// Which slice an address belongs to: its ports and its address type.
type SliceKey = (Vec<u128>, &'static str);

/// An Endpoints object.
#[derive(Deserialize)]
struct EndpointsView<'a> {
    #[serde(borrow)]
    metadata: MetaView<'a>,
    #[serde(default, deserialize_with = "or_default")]
    subsets: Vec<EndpointSubset>,
}

impl Controller for MirroringController {
    fn name(&self) -> &'static str {
        MANAGER
    }

    fn keys(&self, change: &Change, _: Context<'_>) -> Vec<String> {
        if change.is(&endpoints::DEF) {
            return vec![change.namespaced_name()];
        }
        if change.is(&endpoint_slice::DEF) {
            return slice_writes::edited(change, MANAGER, service_of);
        }
        // All that matters of a Service is whether it is there without a selector.
        let is_mirrored = |service: Option<&Facts>| service.is_some_and(|service| !service.has_selector);
        let concerned = || is_mirrored(change.facts_before()) != is_mirrored(change.facts_now());
        (change.is(&service::DEF) && concerned()).then(|| change.namespaced_name()).into_iter().collect()
    }

    fn reconcile<'a>(&'a self, key: &'a str, Context { world, .. }: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let (namespace, name) = split_key(key);
            let existing = slice_writes::existing(world, namespace, name, MANAGER).await?;
            let stored = world.get(&endpoints::DEF, namespace, name).await?;
            let endpoints = stored.as_ref().map(decode::<EndpointsView<'_>>).transpose()?;
            // Most Services without a selector have no Endpoints either, and need not be looked at.
            let original = match endpoints.filter(wants_mirror) {
                Some(endpoints) if is_without_selector(world, namespace, name).await? => Some(endpoints),
                _ => None,
            };
            let mut plan = match stored.as_ref().zip(original) {
                Some((stored, endpoints)) => {
                    report_skipped(world, stored, &endpoints).await;
                    plan(&endpoints, existing)
                }
                None => Plan { delete: existing, ..Plan::default() },
            };
            plan.recycle();
            slice_writes::carry_out(world, plan, None, true).await
        })
    }
}

/// Whether there is a Service of this name that selects no pods.
async fn is_without_selector(world: &Informers, namespace: &str, name: &str) -> Result<bool> {
    let Some(service) = world.get(&service::DEF, namespace, name).await? else { return Ok(false) };
    let service = ServiceView::of(&service)?;
    Ok(service.spec.selector.is_none_or(|selector| selector.is_empty()))
}

/// Tells the users of an Endpoints object how many of its addresses have no mirror.
async fn report_skipped(world: &Informers, object: &Value, endpoints: &EndpointsView<'_>) {
    let (mut invalid, mut excess) = (0, 0);
    for subset in subsets::repack(&endpoints.subsets) {
        let wrong = subsets::addresses(&subset).filter(|(address, _)| ip::parse(&address.ip).is_none()).count();
        invalid += wrong;
        excess += (subsets::count(&subset) - wrong).saturating_sub(SUBSET_CAPACITY);
    }
    let warn = async |reason, message: String| {
        let component = "endpoint-slice-mirroring-controller";
        world.recorder.record(object, Note { component, kind: "Warning", reason, message: &message }).await;
    };
    if invalid > 0 {
        let message = format!("Skipped {invalid} invalid IP addresses when mirroring to EndpointSlices");
        warn("InvalidIPAddress", message).await;
    }
    if excess > 0 {
        let message = format!(
            "A max of {SUBSET_CAPACITY} addresses can be mirrored to EndpointSlices per Endpoints subset. {excess} \
             addresses were skipped"
        );
        warn("TooManyAddressesToMirror", message).await;
    }
}

fn wants_mirror(endpoints: &EndpointsView<'_>) -> bool {
    let EndpointsView { metadata, .. } = endpoints;
    metadata.labels.get(SKIP_MIRROR) != Some(&"true") && !metadata.annotations.contains_key(LEADER)
}

/// Plans one slice for each set of ports and address type.
fn plan(endpoints: &EndpointsView<'_>, existing: Vec<EndpointSlice>) -> Plan {
    let key = |slice: &EndpointSlice| -> SliceKey {
        (port_key(ports(slice)), if slice.address_type == "IPv6" { "IPv6" } else { "IPv4" })
    };
    let mut by_key: BTreeMap<SliceKey, Vec<EndpointSlice>> = BTreeMap::new();
    for slice in existing {
        by_key.entry(key(&slice)).or_default().push(slice);
    }
    let mut plan = Plan::default();
    for wanted in slices(endpoints) {
        let mut known = by_key.remove(&key(&wanted)).unwrap_or_default().into_iter();
        match known.next() {
            None => plan.create.push(wanted),
            Some(first) if is_equal(&first, &wanted) => plan.keep.push(first),
            Some(first) => plan.update.push(named_as(first, wanted)),
        }
        plan.delete.extend(known);
    }
    plan.delete.extend(by_key.into_values().flatten());
    plan
}

/// The slices that mirror an Endpoints object.
fn slices(endpoints: &EndpointsView<'_>) -> Vec<EndpointSlice> {
    let mut slices = Vec::new();
    for subset in subsets::repack(&endpoints.subsets) {
        let mut by_type: BTreeMap<&'static str, Vec<Endpoint>> = BTreeMap::new();
        let valid = subsets::addresses(&subset).filter_map(|(address, ready)| {
            let ip = ip::parse(&address.ip)?;
            Some((Family::of(&ip).name(), endpoint(address, ip.to_string(), ready)))
        });
        for (address_type, endpoint) in valid.take(SUBSET_CAPACITY) {
            by_type.entry(address_type).or_default().push(endpoint);
        }
        for (address_type, list) in by_type {
            let blank = blank(&endpoints.metadata, address_type);
            slices.push(EndpointSlice { endpoints: Some(list), ports: Some(sorted_ports(&subset)), ..blank });
        }
    }
    slices
}

fn blank(endpoints: &MetaView<'_>, address_type: &str) -> EndpointSlice {
    let owned = |(name, value): (&&str, &&str)| ((*name).to_owned(), (*value).to_owned());
    let labels = endpoints.labels.iter().map(owned).collect();
    let mut slice = slice_writes::blank(endpoints, &endpoints::DEF, labels, MANAGER, address_type);
    let mut annotations: BTreeMap<_, _> = endpoints.annotations.iter().map(owned).collect();
    annotations.retain(|key, _| key != TRIGGER_TIME && key != LAST_APPLIED);
    slice.metadata.annotations = (!annotations.is_empty()).then_some(annotations);
    slice
}

fn endpoint(address: &EndpointAddress, ip: String, ready: bool) -> Endpoint {
    Endpoint {
        addresses: vec![ip],
        conditions: Some(EndpointConditions { ready: Some(ready), ..EndpointConditions::default() }),
        hostname: address.hostname.clone(),
        target_ref: address.target_ref.clone(),
        node_name: address.node_name.clone(),
        ..Endpoint::default()
    }
}

fn sorted_ports(subset: &EndpointSubset) -> Vec<EndpointPort> {
    let mut ports: Vec<_> = subset.ports.iter().flatten().map(slice_port).collect();
    ports.sort_by_cached_key(subset_hash::slice_port_hash);
    ports
}

/// Whether a slice mirrors as it should, whatever the order of its endpoints.
fn is_equal(slice: &EndpointSlice, wanted: &EndpointSlice) -> bool {
    let endpoints = |slice: &EndpointSlice| {
        let mut endpoints = slice.endpoints.clone().unwrap_or_default();
        endpoints.sort_by_cached_key(|endpoint| endpoint.addresses.first().cloned());
        endpoints
    };
    let labels = |slice: &EndpointSlice| {
        let mut labels = slice.metadata.labels.clone().unwrap_or_default();
        labels.retain(|key, _| key != SERVICE_NAME && key != MANAGED_BY);
        labels
    };
    let annotations = |slice: &EndpointSlice| slice.metadata.annotations.clone().unwrap_or_default();
    endpoints(slice) == endpoints(wanted)
        && labels(slice) == labels(wanted)
        && annotations(slice) == annotations(wanted)
        && slice.metadata.owner_references == wanted.metadata.owner_references
}

/// The slice under the name of the one that it replaces; the prefix that the name was made from goes.
fn named_as(known: EndpointSlice, mut slice: EndpointSlice) -> EndpointSlice {
    slice.metadata.name = known.metadata.name;
    slice.metadata.generate_name = None;
    slice
}
