//! Everything as it was at one revision.

use std::{
    collections::VecDeque,
    ops::Bound,
    sync::{Arc, Mutex, PoisonError},
};

use crate::object::{Key, Prefix, Revision};
use crate::store::{Event, Stored, state::Objects};

/// All objects at a revision. It never changes, and a clone costs nothing.
#[derive(Clone)]
pub struct Snapshot {
    revision: Revision,
    objects: Objects,
}

/// The snapshots of past revisions that were asked for last, so that the pages of a list make theirs only once.
#[derive(Default)]
pub(in crate::store) struct Recent(Mutex<VecDeque<Snapshot>>);

/// How many past snapshots are remembered.
const RECENT_MAX: usize = 16;

impl Snapshot {
    /// The revision it shows.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The object under the key.
    pub fn get(&self, key: &Key) -> Option<&Arc<Stored>> {
        self.objects.get(key)
    }

    /// The objects under the prefix in the order of their keys, from the given relative key on (it included).
    pub fn range(&self, prefix: &Prefix, start: Option<&str>) -> impl Iterator<Item = (&Key, &Arc<Stored>)> + use<'_> {
        self.after(Bound::Included(prefix.key(start.unwrap_or_default())), prefix)
    }

    /// How many objects of all kinds there are.
    pub fn len(&self) -> usize {
        self.objects.size()
    }

    /// Whether there is no object at all.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// The objects under the prefix from a bound on.
    pub(super) fn after(
        &self,
        first: Bound<Key>,
        prefix: &Prefix,
    ) -> impl Iterator<Item = (&Key, &Arc<Stored>)> + use<'_> {
        let prefix = prefix.clone();
        self.objects.range((first, Bound::Unbounded)).take_while(move |(key, _)| key.is_under(&prefix))
    }

    pub(in crate::store) fn new(revision: Revision, objects: Objects) -> Self {
        Self { revision, objects }
    }

    /// Goes back to an earlier revision by undoing all events since, newest first.
    pub(in crate::store) fn undo<'a>(
        mut self,
        revision: Revision,
        since: impl Iterator<Item = &'a Arc<Event>>,
    ) -> Self {
        for event in since {
            match &event.before {
                Some(before) => self.objects.insert_mut(event.key.clone(), Arc::clone(before)),
                None => {
                    self.objects.remove_mut(&event.key);
                }
            }
        }
        self.revision = revision;
        self
    }
}

impl Recent {
    /// The snapshot at exactly this revision, if it is remembered.
    pub(in crate::store) fn find(&self, revision: Revision) -> Option<Snapshot> {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = recent.iter().position(|snapshot| snapshot.revision == revision)?;
        let snapshot = recent.remove(index)?;
        recent.push_back(snapshot.clone());
        Some(snapshot)
    }

    /// Remembers a snapshot in place of the one that nobody used for the longest time.
    pub(in crate::store) fn remember(&self, snapshot: Snapshot) {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() == RECENT_MAX {
            recent.pop_front();
        }
        recent.push_back(snapshot);
    }

    /// Forgets the snapshots that are older than history.
    pub(in crate::store) fn forget_before(&self, oldest: Revision) {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|snapshot| snapshot.revision >= oldest);
    }
}
