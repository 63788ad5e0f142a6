//! Which Services a change concerns, and when what led to a change of their endpoints happened.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use crate::world::{
    change::Change,
    informer::Informers,
    pod_view::{PodChange, PodView},
    service_view::ServiceView,
};

/// Says when what led to the last write happened.
pub const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// The keys of the Services whose endpoints a pod's change concerns.
pub fn services_of_pod(change: &Change, world: &Informers) -> Vec<String> {
    // One that does not decode is in no index; the informer has reported it.
    let view = |pod: Option<&Value>| pod.and_then(|pod| PodView::of(pod).ok());
    let (old, new) = (view(change.before()), view(change.now()));
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
    pub fn advance(&self, key: &str, service: &ServiceView<'_>, pods: &[Arc<PodView>]) -> Option<Timestamp> {
        let created: Option<Timestamp> = service.metadata.creation_timestamp.parse().ok();
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
pub fn annotate(metadata: &mut ObjectMeta, time: Option<Timestamp>) {
    set_entry(&mut metadata.annotations, TRIGGER_TIME, time.map(|time| time.to_string()));
}

/// Sets an entry of a map of metadata, or removes it; there is no map without entries.
pub fn set_entry(map: &mut Option<BTreeMap<String, String>>, name: &str, value: Option<String>) {
    let entries = map.get_or_insert_default();
    match value {
        Some(value) => entries.insert(name.to_owned(), value),
        None => entries.remove(name),
    };
    map.take_if(|entries| entries.is_empty());
}
