//! Endpoints: the addresses of the pods that a Service selects, ready and not ready, by port.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{EndpointSubset, Endpoints},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde_json::{Value, json};

use super::{
    subsets,
    triggers::{TriggerTimes, annotate, services_of_pod, set_entry},
};
use crate::{
    controllers::engine::{
        controller::{Context, Controller, key_of, split_key},
        writes,
    },
    world::{
        change::Change, decode::decode, informer::Informers, recorder::Note, selection::selecting_service,
        service_view::ServiceView,
    },
};
use crate::{
    kinds::{core::endpoints, pod, service},
    object::{Reason, Status, meta, status::Result},
};

/// Says who keeps the object.
const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
/// This controller, as [`MANAGED_BY`] names it.
const MANAGER: &str = "endpoint-controller";
/// Marks the Endpoints of a Service without a cluster IP.
pub const HEADLESS: &str = "service.kubernetes.io/headless";
/// Says that not all addresses are listed.
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";
/// Marks an object that serves as somebody's lock.
pub const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";

/// Keeps the Endpoints of Services with a selector.
#[derive(Default)]
pub struct EndpointsController {
    triggers: TriggerTimes,
}

impl Controller for EndpointsController {
    fn name(&self) -> &'static str {
        MANAGER
    }

    fn keys(&self, change: &Change, Context { world, .. }: Context<'_>) -> Vec<String> {
        if change.is(&service::DEF) {
            return selecting_service(change).into_iter().collect();
        }
        if change.is(&pod::DEF) {
            return services_of_pod(change, world);
        }
        // A removed object is made again; an edited one waits for the next change of its Service or pods.
        if !change.is(&endpoints::DEF) || (world.has_synced() && !change.is_removal()) {
            return Vec::new();
        }
        // What is there from the start may have lost its Service while nobody looked.
        let is_lock = |object| meta::at(object, &["metadata", "annotations", LEADER]).is_some();
        if change.now().is_some_and(is_lock) {
            return Vec::new();
        }
        vec![change.namespaced_name()]
    }

    fn coalesces(&self) -> bool {
        true
    }

    fn reconcile<'a>(&'a self, key: &'a str, Context { world, .. }: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let (namespace, name) = split_key(key);
            let current = world.get(&endpoints::DEF, namespace, name).await?;
            let Some(service) = world.get(&service::DEF, namespace, name).await? else {
                self.triggers.forget(key);
                // Endpoints made by hand go with their Service, too.
                return match &current {
                    Some(object) => writes::delete(&world.api, &endpoints::DEF, object, "").await,
                    None => Ok(()),
                };
            };
            let service = ServiceView::of(&service)?;
            let Some(selector) = service.selector() else { return Ok(()) };
            let current: Option<Endpoints> = current.as_ref().map(decode).transpose()?;
            let pods = world.with_index(|index| index.pods(namespace, &selector));
            let time = self.triggers.advance(key, &service, &pods);
            let subsets = subsets::of(&service, &pods);
            if current.as_ref().is_some_and(|current| is_current(current, &service, &subsets)) {
                return Ok(());
            }
            write(world, current, &service, subsets, time).await
        })
    }
}

/// Whether the object says what it should.
fn is_current(current: &Endpoints, service: &ServiceView<'_>, wanted: &[EndpointSubset]) -> bool {
    let stored: Vec<_> = current.subsets.iter().flatten().map(without_versions).collect();
    let stored_labels = current.metadata.labels.clone().unwrap_or_default();
    let over_capacity = current.metadata.annotations.iter().flatten().any(|(name, _)| name == OVER_CAPACITY);
    (stored == wanted || subsets::repack(&stored) == wanted)
        && without_headless(stored_labels) == without_headless(labels(service))
        && !over_capacity
}

async fn write(
    world: &Informers,
    current: Option<Endpoints>,
    service: &ServiceView<'_>,
    mut subsets: Vec<EndpointSubset>,
    time: Option<Timestamp>,
) -> Result<()> {
    let is_new = current.is_none();
    let truncated = subsets::truncate(&mut subsets);
    let mut object = current.unwrap_or_else(|| Endpoints {
        metadata: ObjectMeta {
            name: Some(service.metadata.name.to_owned()),
            namespace: Some(service.metadata.namespace.to_owned()),
            ..ObjectMeta::default()
        },
        subsets: None,
    });
    annotate(&mut object.metadata, time);
    let over_capacity = truncated.then(|| "truncated".to_owned());
    set_entry(&mut object.metadata.annotations, OVER_CAPACITY, over_capacity);
    object.metadata.labels = Some(labels(service));
    object.subsets = (!subsets.is_empty()).then_some(subsets);
    let object = json!(object);
    let about = object.clone();
    let written = if is_new {
        writes::create(&world.api, &endpoints::DEF, object).await
    } else {
        writes::update(&world.api, &endpoints::DEF, None, object).await
    };
    let Err(status) = written else { return Ok(()) };
    report(world, &about, is_new, &status).await;
    // What is invalid, such as the address of a pod without a node, gets no better before something else changes.
    if status.reason == Reason::Invalid { Ok(()) } else { Err(status) }
}

/// Tells the users of Endpoints why they are not as they should be.
async fn report(world: &Informers, about: &Value, is_new: bool, why: &Status) {
    let place = key_of(about);
    let (reason, message) = if is_new {
        ("FailedToCreateEndpoint", format!("Failed to create endpoint for service {place}: {}", why.message))
    } else {
        ("FailedToUpdateEndpoint", format!("Failed to update endpoint {place}: {}", why.message))
    };
    world.recorder.record(about, Note { component: MANAGER, kind: "Warning", reason, message: &message }).await;
}

fn labels(service: &ServiceView<'_>) -> BTreeMap<String, String> {
    let own = service.metadata.labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let mut labels: BTreeMap<_, _> = own.collect();
    labels.insert(MANAGED_BY.to_owned(), MANAGER.to_owned());
    mark_headless(&mut labels, service);
    labels
}

/// Sets the label of what belongs to a Service without a cluster IP, and removes it from what does not.
pub fn mark_headless(labels: &mut BTreeMap<String, String>, service: &ServiceView<'_>) {
    if service.is_headless() {
        labels.insert(HEADLESS.to_owned(), String::new());
    } else {
        labels.remove(HEADLESS);
    }
}

fn without_headless(mut labels: BTreeMap<String, String>) -> BTreeMap<String, String> {
    labels.remove(HEADLESS);
    labels
}

fn without_versions(subset: &EndpointSubset) -> EndpointSubset {
    let mut subset = subset.clone();
    for addresses in [&mut subset.addresses, &mut subset.not_ready_addresses] {
        for target in addresses.iter_mut().flatten().filter_map(|address| address.target_ref.as_mut()) {
            target.resource_version = None;
        }
    }
    subset
}
