//! Which pods a Service selects and which Services select a pod: indexes over all of them.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::Hash,
    sync::Arc,
};

use serde_json::Value;

use super::{
    change::Change,
    node_view::NodeView,
    pod_view::PodView,
    service_view::{EXTERNAL_NAME, ServiceView},
};
use crate::{
    kinds::{core::node, endpoint_slice, pod, service},
    object::{Facts, meta, selector::LabelSelector, status::Result},
};

/// Names the Service that a slice is about.
pub const SERVICE_NAME: &str = "kubernetes.io/service-name";

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
    nodes: BTreeMap<String, Arc<NodeView>>,
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

    /// The pods of a namespace that a selector of any form selects, in order of name.
    pub fn pods_matching(&self, namespace: &str, selector: &LabelSelector) -> Vec<Arc<PodView>> {
        let pods = self.namespaces.get(namespace).map(|space| space.pods.values()).into_iter().flatten();
        pods.filter(|pod| selector.matches(&pod.labels)).cloned().collect()
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
        self.nodes.get(node).map(|node| node.zone())
    }

    /// One node.
    pub fn node(&self, name: &str) -> Option<Arc<NodeView>> {
        self.nodes.get(name).cloned()
    }

    /// All nodes, in order of name.
    pub fn nodes(&self) -> Vec<Arc<NodeView>> {
        self.nodes.values().cloned().collect()
    }

    /// Brings the indexes up to date with a change. An object that does not decode is in none of them.
    pub fn apply(&mut self, change: &Change) -> Result<()> {
        if change.is(&pod::DEF) {
            return self.apply_pod(change);
        } else if change.is(&service::DEF) {
            return self.apply_service(change);
        } else if change.is(&endpoint_slice::DEF) {
            self.apply_slice(change);
        } else if change.is(&node::DEF) {
            return self.apply_node(change);
        }
        Ok(())
    }

    fn apply_pod(&mut self, change: &Change) -> Result<()> {
        let Some(pod) = change.newest() else { return Ok(()) };
        let (name, space) = (meta::name(pod), self.namespace(pod));
        if let Some(old) = space.pods.remove(name) {
            for label in &old.labels {
                remove_from(&mut space.pods_by_label, label, |pods| pods.remove(name).is_some() && pods.is_empty());
            }
            let own = old.controller.as_str();
            remove_from(&mut space.pods_by_controller, own, |pods| pods.remove(name).is_some() && pods.is_empty());
        }
        if let Some(new) = change.now().map(PodView::of).transpose()?.map(Arc::new) {
            for label in &new.labels {
                space.pods_by_label.entry(label.clone()).or_default().insert(name.to_owned(), new.clone());
            }
            let siblings = space.pods_by_controller.entry(new.controller.clone()).or_default();
            siblings.insert(name.to_owned(), new.clone());
            space.pods.insert(name.to_owned(), new);
        }
        Ok(())
    }

    fn apply_service(&mut self, change: &Change) -> Result<()> {
        if !change.any(selects) {
            return Ok(());
        }
        let Some(service) = change.newest() else { return Ok(()) };
        let (name, space) = (meta::name(service), self.namespace(service));
        if let Some(old) = space.selectors.remove(name) {
            remove_from(&mut space.services_by_label, &old[0], |names| names.remove(name) && names.is_empty());
        }
        let now = change.now().map(ServiceView::of).transpose()?;
        if let Some(selector) = now.and_then(|service| service.selector()) {
            space.services_by_label.entry(selector[0].clone()).or_default().insert(name.to_owned());
            space.selectors.insert(name.to_owned(), selector);
        }
        Ok(())
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

    fn apply_node(&mut self, change: &Change) -> Result<()> {
        let name = change.key.name();
        self.nodes.remove(name);
        if let Some(node) = change.now() {
            self.nodes.insert(name.to_owned(), Arc::new(NodeView::of(node)?));
        }
        Ok(())
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

/// The Service that a slice names.
pub fn service_of(slice: &Value) -> &str {
    meta::text(slice, &["metadata", "labels", SERVICE_NAME])
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
