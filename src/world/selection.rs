//! Which pods a Service selects and which Services select a pod: indexes over all of them.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::Hash,
    sync::Arc,
};

use serde_json::Value;

use super::{change::Change, pod_view::PodView};
use crate::{
    kinds::{core::node, endpoint_slice, pod, service},
    object::{Facts, meta},
};

/// Names the Service that a slice is about.
pub const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// Names the zone of a node.
const ZONE: &str = "topology.kubernetes.io/zone";
/// The type of Services that are names of something outside, and have no endpoints.
const EXTERNAL_NAME: &str = "ExternalName";

/// A label with its value.
type Label = (String, String);
/// Names by what they have in common.
type Names<K> = HashMap<K, BTreeSet<String>>;
/// Pods by name.
type Pods = BTreeMap<String, Arc<PodView>>;

/// The indexes.
#[derive(Default)]
pub struct Selection {
    namespaces: HashMap<String, Namespace>,
    nodes: BTreeMap<String, Arc<Value>>,
}

/// What one namespace has.
#[derive(Default)]
struct Namespace {
    pods: Pods,
    pods_by_label: HashMap<Label, Pods>,
    /// By the uid of their controller, empty for those without one.
    pods_by_controller: HashMap<String, Pods>,
    /// The selectors of the Services that have one.
    selectors: HashMap<String, Vec<Label>>,
    /// Services by the first label that they select.
    services_by_label: Names<Label>,
    /// Slices by the Service they name.
    slices: Names<String>,
}

impl Selection {
    /// The pods of a namespace that have all these labels, in order of name.
    pub fn pods(&self, namespace: &str, selector: &[Label]) -> Vec<Arc<PodView>> {
        let Some(space) = self.namespaces.get(namespace) else { return Vec::new() };
        let candidates = selector.iter().map(|label| space.pods_by_label.get(label));
        // The rarest label leaves the fewest pods to look at; a label that no pod has leaves none.
        let Some(rarest) = candidates.min_by_key(|pods| pods.map_or(0, BTreeMap::len)).flatten() else {
            return Vec::new();
        };
        rarest.values().filter(|pod| selector.len() == 1 || pod.has_labels(selector)).cloned().collect()
    }

    /// The pods of a namespace whose controller has this uid, or that have none if it is empty, in order of name.
    pub fn controlled(&self, namespace: &str, uid: &str) -> Vec<Arc<PodView>> {
        let pods = self.namespaces.get(namespace).and_then(|space| space.pods_by_controller.get(uid));
        pods.into_iter().flat_map(BTreeMap::values).cloned().collect()
    }

    /// The Services that select a pod with these labels.
    pub fn services_selecting(&self, namespace: &str, labels: &[Label]) -> BTreeSet<String> {
        let Some(space) = self.namespaces.get(namespace) else { return BTreeSet::new() };
        let candidates = labels.iter().filter_map(|label| space.services_by_label.get(label)).flatten();
        let selected = |name: &&String| space.selectors[*name].iter().all(|label| labels.contains(label));
        candidates.filter(selected).cloned().collect()
    }

    /// The slices that name a Service.
    pub fn slices(&self, namespace: &str, service: &str) -> Vec<String> {
        let slices = self.namespaces.get(namespace).and_then(|space| space.slices.get(service));
        slices.into_iter().flatten().cloned().collect()
    }

    /// The zone of a node, empty if it is in none; `None` if there is no such node.
    pub fn zone(&self, node: &str) -> Option<&str> {
        self.nodes.get(node).map(|node| zone_of(node))
    }

    /// One node.
    pub fn node(&self, name: &str) -> Option<Arc<Value>> {
        self.nodes.get(name).cloned()
    }

    /// All nodes, in order of name.
    pub fn nodes(&self) -> Vec<Arc<Value>> {
        self.nodes.values().cloned().collect()
    }

    /// Brings the indexes up to date with a change.
    pub fn apply(&mut self, change: &Change) {
        if change.is(&pod::DEF) {
            self.apply_pod(change);
        } else if change.is(&service::DEF) {
            self.apply_service(change);
        } else if change.is(&endpoint_slice::DEF) {
            self.apply_slice(change);
        } else if change.is(&node::DEF) {
            self.apply_node(change);
        }
    }

    fn apply_pod(&mut self, change: &Change) {
        let Some(pod) = change.newest() else { return };
        let (name, space) = (meta::name(pod), self.namespace(pod));
        if let Some(old) = space.pods.remove(name) {
            for label in &old.labels {
                remove_from(&mut space.pods_by_label, label, |pods| pods.remove(name).is_some() && pods.is_empty());
            }
            let own = old.controller.as_str();
            remove_from(&mut space.pods_by_controller, own, |pods| pods.remove(name).is_some() && pods.is_empty());
        }
        if let Some(new) = change.now().map(PodView::of).map(Arc::new) {
            for label in &new.labels {
                space.pods_by_label.entry(label.clone()).or_default().insert(name.to_owned(), new.clone());
            }
            let siblings = space.pods_by_controller.entry(new.controller.clone()).or_default();
            siblings.insert(name.to_owned(), new.clone());
            space.pods.insert(name.to_owned(), new);
        }
    }

    fn apply_service(&mut self, change: &Change) {
        if !change.any(selects) {
            return;
        }
        let Some(service) = change.newest() else { return };
        let (name, space) = (meta::name(service), self.namespace(service));
        if let Some(old) = space.selectors.remove(name) {
            remove_from(&mut space.services_by_label, &old[0], |names| names.remove(name) && names.is_empty());
        }
        if let Some(selector) = change.now().and_then(selector) {
            space.services_by_label.entry(selector[0].clone()).or_default().insert(name.to_owned());
            space.selectors.insert(name.to_owned(), selector);
        }
    }

    fn apply_slice(&mut self, change: &Change) {
        if let Some(old) = change.before() {
            let name = meta::name(old);
            remove_from(&mut self.namespace(old).slices, service_of(old), |names| {
                names.remove(name) && names.is_empty()
            });
        }
        if let Some(new) = change.now() {
            let slices = &mut self.namespace(new).slices;
            slices.entry(service_of(new).to_owned()).or_default().insert(meta::name(new).to_owned());
        }
    }

    fn apply_node(&mut self, change: &Change) {
        let name = change.key.name();
        match change.now() {
            Some(node) => self.nodes.insert(name.to_owned(), Arc::new(node.clone())),
            None => self.nodes.remove(name),
        };
    }

    fn namespace(&mut self, object: &Value) -> &mut Namespace {
        self.namespaces.entry(meta::namespace(object).to_owned()).or_default()
    }
}

/// The key of the Service that a change is about, unless it selects nothing now and selected nothing before. A Service
/// that is deleted is always meant, because what it had may have to be removed.
pub fn selecting_service(change: &Change) -> Option<String> {
    (change.is_removal() || change.any(selects)).then(|| change.namespaced_name())
}

/// Whether a Service with these facts wants the pods that it selects as endpoints.
fn selects(service: &Facts) -> bool {
    service.has_selector && service.spec_type != EXTERNAL_NAME
}

/// What a Service selects if it wants the pods as endpoints, never empty.
pub fn selector(service: &Value) -> Option<Vec<Label>> {
    let selector = meta::map(service, &["spec", "selector"]).filter(|selector| !selector.is_empty())?;
    if meta::text(service, &["spec", "type"]) == EXTERNAL_NAME {
        return None;
    }
    let pairs = selector.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()));
    Some(pairs.collect())
}

/// The Service that a slice names.
pub fn service_of(slice: &Value) -> &str {
    meta::text(slice, &["metadata", "labels", SERVICE_NAME])
}

/// The zone that a node is in, empty if it is in none.
pub fn zone_of(node: &Value) -> &str {
    meta::text(node, &["metadata", "labels", ZONE])
}

/// Removes something from what a key has; `remove` returns whether nothing is left.
fn remove_from<K, Q, V>(by_key: &mut HashMap<K, V>, key: &Q, remove: impl FnOnce(&mut V) -> bool)
where
    K: Borrow<Q> + Hash + Eq,
    Q: Hash + Eq + ?Sized,
{
    if by_key.get_mut(key).is_some_and(remove) {
        by_key.remove(key);
    }
}
