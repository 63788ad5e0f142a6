//! The objects of a kind by namespace, for plugins that look at those of the request's namespace. If the server has none at
//! all, the check is one comparison of revisions.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{
    kinds::Kind,
    object::{Key, Prefix, Revision},
    store::{Store, Stored},
};

/// The objects of a kind.
pub struct Namespaced {
    store: Store,
    prefix: Prefix,
    known: Mutex<Known>,
}

/// Whether there were any objects.
#[derive(Default)]
struct Known {
    /// When one had last changed; `None` before they are looked at for the first time.
    at: Option<Revision>,
    any: bool,
}

impl Namespaced {
    /// The objects of this kind in a store.
    pub fn new(store: Store, kind: &Kind) -> Self {
        Self { store, prefix: kind.prefix(), known: Mutex::default() }
    }

    /// Whether a namespace has any.
    pub fn has(&self, namespace: Option<&str>) -> bool {
        namespace.is_some_and(|namespace| self.any() && self.is_under(&self.prefix.namespace(namespace)))
    }

    /// Those of a namespace, in the order of their names.
    pub fn of(&self, namespace: Option<&str>) -> Vec<(Key, Arc<Stored>)> {
        let Some(namespace) = namespace else { return Vec::new() };
        let snapshot = self.store.snapshot();
        let found = snapshot.range(&self.prefix.namespace(namespace), None);
        found.map(|(key, stored)| (key.clone(), Arc::clone(stored))).collect()
    }

    fn any(&self) -> bool {
        let at = Some(self.store.changed_at(&self.prefix));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.at != at {
            *known = Known { at, any: self.is_under(&self.prefix) };
        }
        known.any
    }

    fn is_under(&self, prefix: &Prefix) -> bool {
        self.store.snapshot().range(prefix, None).next().is_some()
    }
}
