//! The policies that bindings put in force, read anew when a policy or a binding has changed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::policy::{Binding, Policy};
use crate::{
    kinds::Kind,
    object::{Prefix, Revision},
    store::Store,
    verbs::{admission::Attributes, read::stored},
};

/// A policy and its bindings.
pub(super) struct Bound {
    pub(super) policy: Arc<Policy>,
    pub(super) bindings: Vec<Binding>,
}

/// The policies in a store.
pub(super) struct Known {
    store: Store,
    policies: Prefix,
    bindings: Prefix,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When policies and bindings had last changed; `None` before they are read for the first time.
    at: Option<(Revision, Revision)>,
    /// Compiled policies, by name. A policy is compiled once.
    compiled: HashMap<String, (Revision, Arc<Policy>)>,
    bound: Arc<[Bound]>,
}

impl Known {
    /// The policies of this kind, with bindings of that kind.
    pub(super) fn new(store: Store, policies: &Kind, bindings: &Kind) -> Self {
        let (policies, bindings) = (policies.prefix(), bindings.prefix());
        Self { store, policies, bindings, state: Mutex::default() }
    }

    /// Whether such requests may be for one of them. Policies and bindings themselves are for none.
    pub(super) fn concern(&self, attributes: &Attributes<'_>) -> bool {
        !self.current().is_empty() && attributes.target.def.gvk.group != "admissionregistration.k8s.io"
    }

    /// The policies as they are now, by name.
    pub(super) fn current(&self) -> Arc<[Bound]> {
        let at = Some((self.store.changed_at(&self.policies), self.store.changed_at(&self.bindings)));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.at != at {
            let bound = self.read(&mut state.compiled);
            state.bound = bound.into();
            state.at = at;
        }
        Arc::clone(&state.bound)
    }

    fn read(&self, compiled: &mut HashMap<String, (Revision, Arc<Policy>)>) -> Vec<Bound> {
        let snapshot = self.store.snapshot();
        let mut by_policy: HashMap<String, Vec<Binding>> = HashMap::new();
        for (_, found) in snapshot.range(&self.bindings, None) {
            let (policy, binding) = Binding::read(&stored::parse(found.bytes()));
            by_policy.entry(policy).or_default().push(binding);
        }
        let mut kept = HashMap::new();
        let mut all = Vec::new();
        for (key, found) in snapshot.range(&self.policies, None) {
            let name = key.name().to_owned();
            let Some(bindings) = by_policy.remove(&name) else { continue };
            let policy = match compiled.remove(&name) {
                Some((revision, policy)) if revision == found.revision() => policy,
                _ => Arc::new(Policy::read(&stored::parse(found.bytes()))),
            };
            kept.insert(name, (found.revision(), Arc::clone(&policy)));
            all.push(Bound { policy, bindings });
        }
        *compiled = kept;
        all
    }
}
