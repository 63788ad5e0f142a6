//! Mirrors Endpoints that somebody writes for a Service without a selector into EndpointSlices.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::subset_hash;
use super::{
    endpoints::LEADER,
    slice_plan::{Plan, port_key},
    slice_writes::{self, MANAGED_BY},
    subsets,
    triggers::{TRIGGER_TIME, set_map},
};
use crate::{
    controllers::engine::controller::{Context, Controller, split_key},
    world::{
        change::Change,
        informer::Informers,
        recorder::Note,
        selection::{SERVICE_NAME, service_of},
    },
};
use crate::{
    kinds::{Family, core::endpoints, endpoint_slice, rules::ip, service},
    object::{Facts, meta, status::Result, well_known::LAST_APPLIED},
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
type Place = (Vec<u128>, &'static str);

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
            // Most Services without a selector have no Endpoints either, and need not be looked at.
            let original = match world.get(&endpoints::DEF, namespace, name).await?.filter(wants_mirror) {
                Some(endpoints) => {
                    let service = world.get(&service::DEF, namespace, name).await?;
                    service.filter(|service| !has_selector(service)).map(|_| endpoints)
                }
                None => None,
            };
            let mut plan = match original {
                Some(endpoints) => {
                    report_skipped(world, &endpoints).await;
                    plan(&endpoints, existing)
                }
                None => Plan { delete: existing, ..Plan::default() },
            };
            plan.recycle();
            slice_writes::carry_out(world, plan, None, true).await
        })
    }
}

/// Tells the users of an Endpoints object how many of its addresses have no mirror.
async fn report_skipped(world: &Informers, endpoints: &Value) {
    let is_invalid = |address: &Value| ip::parse(meta::text(address, &["ip"])).is_none();
    let (mut invalid, mut excess) = (0, 0);
    for subset in subsets::repack(meta::items(endpoints, &["subsets"])) {
        let wrong = subsets::addresses(&subset).filter(|(address, _)| is_invalid(address)).count();
        invalid += wrong;
        excess += (subsets::addresses(&subset).count() - wrong).saturating_sub(SUBSET_CAPACITY);
    }
    let warn = async |reason, message: String| {
        let component = "endpoint-slice-mirroring-controller";
        world.recorder.record(endpoints, Note { component, kind: "Warning", reason, message: &message }).await;
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

fn has_selector(service: &Value) -> bool {
    meta::map(service, &["spec", "selector"]).is_some_and(|selector| !selector.is_empty())
}

fn wants_mirror(endpoints: &Value) -> bool {
    meta::text(endpoints, &["metadata", "labels", SKIP_MIRROR]) != "true"
        && meta::at(endpoints, &["metadata", "annotations", LEADER]).is_none()
}

/// Plans one slice for each set of ports and address type.
fn plan(endpoints: &Value, existing: Vec<Value>) -> Plan {
    let mut by_place: BTreeMap<Place, Vec<Value>> = BTreeMap::new();
    for slice in existing {
        let address_type = if meta::text(&slice, &["addressType"]) == "IPv6" { "IPv6" } else { "IPv4" };
        by_place.entry((port_key(meta::items(&slice, &["ports"])), address_type)).or_default().push(slice);
    }
    let mut plan = Plan::default();
    for wanted in slices(endpoints) {
        let address_type = if meta::text(&wanted, &["addressType"]) == "IPv6" { "IPv6" } else { "IPv4" };
        let place = (port_key(meta::items(&wanted, &["ports"])), address_type);
        let mut known = by_place.remove(&place).unwrap_or_default().into_iter();
        match known.next() {
            None => plan.create.push(wanted),
            Some(first) if is_equal(&first, &wanted) => plan.keep.push(first),
            Some(first) => plan.update.push(named_as(&first, wanted)),
        }
        plan.delete.extend(known);
    }
    plan.delete.extend(by_place.into_values().flatten());
    plan
}

/// The slices that mirror an Endpoints object.
fn slices(endpoints: &Value) -> Vec<Value> {
    let mut slices = Vec::new();
    for subset in subsets::repack(meta::items(endpoints, &["subsets"])) {
        let mut by_type: BTreeMap<&'static str, Vec<Value>> = BTreeMap::new();
        let valid = subsets::addresses(&subset).filter_map(|(address, ready)| {
            let ip = ip::parse(meta::text(address, &["ip"]))?;
            Some((Family::of(&ip).name(), endpoint(address, &ip.to_string(), ready)))
        });
        for (address_type, endpoint) in valid.take(SUBSET_CAPACITY) {
            by_type.entry(address_type).or_default().push(endpoint);
        }
        for (address_type, list) in by_type {
            let mut slice = blank(endpoints, address_type);
            slice["endpoints"] = list.into();
            slice["ports"] = ports(&subset).into();
            slices.push(slice);
        }
    }
    slices
}

fn blank(endpoints: &Value, address_type: &str) -> Value {
    let labels = meta::map(endpoints, &["metadata", "labels"]).cloned().unwrap_or_default();
    let mut slice = slice_writes::blank(endpoints, &endpoints::DEF, labels, MANAGER, address_type);
    let mut annotations = meta::map(endpoints, &["metadata", "annotations"]).cloned().unwrap_or_default();
    annotations.retain(|key, _| key != TRIGGER_TIME && key != LAST_APPLIED);
    set_map(meta::metadata_mut(&mut slice), "annotations", annotations);
    slice
}

fn endpoint(address: &Value, ip: &str, ready: bool) -> Value {
    let mut endpoint = Map::new();
    endpoint.insert("addresses".into(), json!([ip]));
    endpoint.insert("conditions".into(), json!({"ready": ready}));
    for member in ["hostname", "targetRef", "nodeName"] {
        meta::set(&mut endpoint, member, address.get(member).cloned().unwrap_or_default());
    }
    endpoint.into()
}

fn ports(subset: &Value) -> Vec<Value> {
    let mut ports = meta::items(subset, &["ports"]).to_vec();
    for port in ports.iter_mut().filter_map(Value::as_object_mut) {
        port.entry("name").or_insert_with(|| "".into());
    }
    ports.sort_by_cached_key(subset_hash::slice_port_hash);
    ports
}

/// Whether a slice mirrors as it should, whatever the order of its endpoints.
fn is_equal(slice: &Value, wanted: &Value) -> bool {
    let endpoints = |slice: &Value| {
        let mut endpoints = meta::items(slice, &["endpoints"]).to_vec();
        endpoints.sort_by_cached_key(|endpoint| meta::items(endpoint, &["addresses"]).first().map(ToString::to_string));
        endpoints
    };
    let map = |slice: &Value, name: &str| meta::map(slice, &["metadata", name]).cloned().unwrap_or_default();
    let labels = |slice: &Value| {
        let mut labels = map(slice, "labels");
        labels.retain(|key, _| key != SERVICE_NAME && key != MANAGED_BY);
        labels
    };
    let owners = |slice: &Value| meta::items(slice, &["metadata", "ownerReferences"]).to_vec();
    endpoints(slice) == endpoints(wanted)
        && labels(slice) == labels(wanted)
        && map(slice, "annotations") == map(wanted, "annotations")
        && owners(slice) == owners(wanted)
}

/// The slice under the name of the one that it replaces; the prefix that the name was made from goes.
fn named_as(known: &Value, mut slice: Value) -> Value {
    let metadata = meta::metadata_mut(&mut slice);
    metadata.insert("name".into(), meta::name(known).into());
    metadata.shift_remove("generateName");
    slice
}
