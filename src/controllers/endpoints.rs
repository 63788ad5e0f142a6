//! Endpoints: the addresses of the pods that a Service selects, ready and not ready, by port.

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::{Controller, informer::Informers, key_of, split_key, subsets};
use crate::{
    kinds::{KindDef, endpoints, pod, service},
    object::{Reason, meta, status::Result},
    verbs::{Caller, DecodedObject, DeleteOptions, Target, WriteOptions},
};

/// Says who keeps the object.
const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
/// Marks the Endpoints of a Service without a cluster IP.
const HEADLESS: &str = "service.kubernetes.io/headless";
/// When what led to the last write happened.
const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";

pub(super) struct EndpointsController;

impl Controller for EndpointsController {
    fn name(&self) -> &'static str {
        "endpoint-controller"
    }

    fn follows(&self) -> &'static [&'static KindDef] {
        &[&service::DEF, &pod::DEF, &endpoints::DEF]
    }

    fn keys(&self, def: &KindDef, old: Option<&Value>, new: Option<&Value>, world: &Informers) -> Vec<String> {
        if def.gvk == service::DEF.gvk {
            return new.or(old).map(key_of).into_iter().collect();
        }
        if def.gvk == endpoints::DEF.gvk {
            // A removed object is made again; an edited one waits for the next change of its Service or pods.
            return if new.is_none() { old.map(key_of).into_iter().collect() } else { Vec::new() };
        }
        let Some(namespace) = new.or(old).map(meta::namespace) else { return Vec::new() };
        let touched = |service: &Value| [old, new].into_iter().flatten().any(|pod| subsets::selects(service, pod));
        let services = world.in_namespace(&service::DEF, namespace);
        services.iter().filter(|service| touched(service)).map(|service| key_of(service)).collect()
    }

    fn reconcile<'a>(&'a self, key: &'a str, world: &'a Informers) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let (namespace, name) = split_key(key);
            let target = Target::new(&endpoints::DEF, namespace, name);
            let current = match world.api.get(&target, None, "").await {
                Ok(answer) => Some(answer.into_value(&endpoints::DEF)),
                Err(status) if status.reason == Reason::NotFound => None,
                Err(status) => return Err(status),
            };
            match world.get(&service::DEF, namespace, name) {
                Some(service) if subsets::has_selector(&service) => {
                    let pods = world.in_namespace(&pod::DEF, namespace);
                    let subsets = subsets::of(&service, pods.iter().map(|pod| &**pod));
                    write(world, &target, current.as_ref(), &service, subsets, self.name()).await
                }
                Some(_) => Ok(()),
                None => remove(world, &target, current.as_ref()).await,
            }
        })
    }
}

async fn write(
    world: &Informers,
    target: &Target,
    current: Option<&Value>,
    service: &Value,
    subsets: Vec<Value>,
    manager: &str,
) -> Result<()> {
    let labels = labels(service);
    let wanted = json!(subsets);
    if let Some(current) = current {
        let same_subsets = meta::items(current, &["subsets"]) == subsets.as_slice();
        let stored = meta::map(current, &["metadata", "labels"]).cloned().unwrap_or_default();
        if same_subsets && without_headless(&stored) == without_headless(&labels) {
            return Ok(());
        }
    }
    let mut object = current.cloned().unwrap_or_else(|| {
        let created = meta::text(service, &["metadata", "creationTimestamp"]);
        json!({"metadata": {"name": target.name(), "namespace": target.namespace, "annotations": {TRIGGER_TIME: created}}})
    });
    meta::set(meta::metadata_mut(&mut object), "labels", Value::Object(labels));
    let members = object.as_object_mut().expect("an object is a map");
    meta::set(members, "subsets", if subsets.is_empty() { Value::Null } else { wanted });
    let options = WriteOptions::internal(manager);
    let body = DecodedObject::from(object);
    let written = if current.is_some() {
        world.api.update(target, None, body, &options).await
    } else {
        let collection = Target { name: None, ..target.clone() };
        world.api.create(&collection, body, &options).await
    };
    match written {
        Ok(_) => Ok(()),
        // The namespace is on its way out, and this object with it.
        Err(status) if matches!(status.reason, Reason::Forbidden | Reason::NotFound) => Ok(()),
        Err(status) => Err(status),
    }
}

async fn remove(world: &Informers, target: &Target, current: Option<&Value>) -> Result<()> {
    let Some(current) = current else { return Ok(()) };
    if meta::text(current, &["metadata", "labels", MANAGED_BY]) != "endpoint-controller" {
        return Ok(());
    }
    let mut options = DeleteOptions::new(Caller::internal("endpoint-controller"));
    options.preconditions.resource_version = Some(meta::resource_version(current).to_owned());
    match world.api.delete(target, &options).await {
        Ok(_) => Ok(()),
        Err(status) if status.reason == Reason::NotFound => Ok(()),
        Err(status) => Err(status),
    }
}

fn labels(service: &Value) -> Map<String, Value> {
    let mut labels = meta::map(service, &["metadata", "labels"]).cloned().unwrap_or_default();
    labels.insert(MANAGED_BY.into(), "endpoint-controller".into());
    labels.shift_remove(HEADLESS);
    if matches!(meta::text(service, &["spec", "clusterIP"]), "" | "None") {
        labels.insert(HEADLESS.into(), "".into());
    }
    labels
}

fn without_headless(labels: &Map<String, Value>) -> Map<String, Value> {
    labels.iter().filter(|(key, _)| *key != HEADLESS).map(|(key, value)| (key.clone(), value.clone())).collect()
}
