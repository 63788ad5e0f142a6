//! Endpoints: the addresses of the pods that a Service selects, ready and not ready, by port.

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    subsets,
    triggers::{TriggerTimes, annotate, services_of_pod, set_map},
};
use crate::{
    controllers::engine::{
        controller::{Context, Controller, split_key},
        writes,
    },
    world::{
        change::Change,
        informer::Informers,
        recorder::Note,
        selection::{selecting_service, selector},
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
            let Some(selector) = selector(&service) else { return Ok(()) };
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
fn is_current(current: &Value, service: &Value, wanted: &[Value]) -> bool {
    let stored: Vec<_> = meta::items(current, &["subsets"]).iter().map(without_versions).collect();
    let stored_labels = meta::map(current, &["metadata", "labels"]).cloned().unwrap_or_default();
    let over_capacity = meta::at(current, &["metadata", "annotations", OVER_CAPACITY]).is_some();
    (stored == wanted || subsets::repack(&stored) == wanted)
        && without_headless(stored_labels) == without_headless(labels(service))
        && !over_capacity
}

async fn write(
    world: &Informers,
    current: Option<Value>,
    service: &Value,
    mut subsets: Vec<Value>,
    time: Option<Timestamp>,
) -> Result<()> {
    let is_new = current.is_none();
    let truncated = subsets::truncate(&mut subsets);
    let blank = || json!({"metadata": {"name": meta::name(service), "namespace": meta::namespace(service)}});
    let mut object = current.unwrap_or_else(blank);
    annotate(&mut object, time);
    let metadata = meta::metadata_mut(&mut object);
    let mut annotations = metadata.get("annotations").and_then(Value::as_object).cloned().unwrap_or_default();
    meta::set(&mut annotations, OVER_CAPACITY, truncated.then_some("truncated"));
    set_map(metadata, "annotations", annotations);
    set_map(metadata, "labels", labels(service));
    let members = object.as_object_mut().expect("an object is a map");
    meta::set(members, "subsets", if subsets.is_empty() { Value::Null } else { json!(subsets) });
    let about = object.clone();
    let written = if is_new {
        writes::create(&world.api, &endpoints::DEF, object).await
    } else {
        writes::update(&world.api, &endpoints::DEF, None, object).await
    };
    let Err(status) = written else { return Ok(()) };
    report(world, about, is_new, &status).await;
    // What is invalid, such as the address of a pod without a node, gets no better before something else changes.
    if status.reason == Reason::Invalid { Ok(()) } else { Err(status) }
}

/// Tells the users of Endpoints why they are not as they should be.
async fn report(world: &Informers, mut about: Value, is_new: bool, why: &Status) {
    about["kind"] = (*endpoints::DEF.gvk.kind).into();
    about["apiVersion"] = endpoints::DEF.gvk.api_version().into();
    let place = format!("{}/{}", meta::namespace(&about), meta::name(&about));
    let (reason, message) = if is_new {
        ("FailedToCreateEndpoint", format!("Failed to create endpoint for service {place}: {}", why.message))
    } else {
        ("FailedToUpdateEndpoint", format!("Failed to update endpoint {place}: {}", why.message))
    };
    world.recorder.record(&about, Note { component: MANAGER, kind: "Warning", reason, message: &message }).await;
}

fn labels(service: &Value) -> Map<String, Value> {
    let mut labels = meta::map(service, &["metadata", "labels"]).cloned().unwrap_or_default();
    labels.insert(MANAGED_BY.into(), MANAGER.into());
    meta::set(&mut labels, HEADLESS, is_headless(service).then_some(""));
    labels
}

/// Whether a Service has no cluster IP.
pub fn is_headless(service: &Value) -> bool {
    matches!(meta::text(service, &["spec", "clusterIP"]), "" | "None")
}

fn without_headless(mut labels: Map<String, Value>) -> Map<String, Value> {
    labels.shift_remove(HEADLESS);
    labels
}

fn without_versions(subset: &Value) -> Value {
    let mut subset = subset.clone();
    for list in ["addresses", "notReadyAddresses"] {
        for address in subset.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(target) = address.get_mut("targetRef").and_then(Value::as_object_mut) {
                target.shift_remove("resourceVersion");
            }
        }
    }
    subset
}
