//! Which Services a change concerns, and when what led to a change of their endpoints happened.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::object::meta;
use crate::world::{
    pod_view::{PodChange, PodView},
    {change::Change, informer::Informers},
};

/// Says when what led to the last write happened.
pub const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// The keys of the Services whose endpoints a pod's change concerns.
pub fn services_of_pod(change: &Change, world: &Informers) -> Vec<String> {
    let (old, new) = (change.before().map(PodView::of), change.now().map(PodView::of));
    let Some(pod) = new.as_ref().or(old.as_ref()) else { return Vec::new() };
    let namespace = pod.namespace.as_str();
    let meant = match (&old, &new) {
        (Some(old), Some(new)) => new.change_since(old),
        _ => PodChange::Endpoint,
    };
    let selecting = |pod: &PodView| world.with_index(|index| index.services_selecting(namespace, &pod.labels));
    let services: BTreeSet<String> = match (meant, &old, &new) {
        (PodChange::None, ..) => BTreeSet::new(),
        (PodChange::Membership, Some(old), Some(new)) => &selecting(old) ^ &selecting(new),
        _ => [&old, &new].into_iter().flatten().flat_map(selecting).collect(),
    };
    services.into_iter().map(|service| format!("{namespace}/{service}")).collect()
}

/// Remembers, for each Service, what its endpoints were last computed from.
#[derive(Default)]
pub struct TriggerTimes(Mutex<HashMap<String, Seen>>);

#[derive(Default)]
struct Seen {
    service: Option<Timestamp>,
    pods: HashMap<String, Timestamp>,
}

impl TriggerTimes {
    /// The earliest time among those that moved forward since the last call for this Service; its creation at first.
    pub fn advance(&self, key: &str, service: &Value, pods: &[Arc<PodView>]) -> Option<Timestamp> {
        let created: Option<Timestamp> = meta::text(service, &["metadata", "creationTimestamp"]).parse().ok();
        let ready = pods.iter().filter_map(|pod| Some((pod.name.clone(), pod.ready_since.parse().ok()?)));
        let now = Seen { service: created, pods: ready.collect() };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(before) = known.get(key) else {
            known.insert(key.to_owned(), now);
            return created;
        };
        let moved = now.pods.iter().filter(|(name, time)| before.pods.get(*name).is_none_or(|known| *time > known));
        let earliest = moved.map(|(_, time)| *time).chain(created.filter(|_| created > before.service)).min();
        known.insert(key.to_owned(), now);
        earliest
    }

    /// Forgets a Service that is gone.
    pub fn forget(&self, key: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// Writes the time into an object's annotations, or takes it out if there is none.
pub fn annotate(object: &mut Value, time: Option<Timestamp>) {
    let metadata = meta::metadata_mut(object);
    let mut annotations = metadata.get("annotations").and_then(Value::as_object).cloned().unwrap_or_default();
    meta::set(&mut annotations, TRIGGER_TIME, time.map(|time| time.to_string()));
    set_map(metadata, "annotations", annotations);
}

/// Sets a map of metadata, or removes it when it is empty.
pub fn set_map(metadata: &mut Map<String, Value>, name: &str, map: Map<String, Value>) {
    meta::set(metadata, name, if map.is_empty() { Value::Null } else { Value::Object(map) });
}
