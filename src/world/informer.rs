//! The shared informer: fresh reads, and indexes kept up to date by one feed of all changes.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::sync::watch;

use super::{
    change::Change,
    recorder::{Note, Recorder},
    selection::Selection,
};
use crate::{
    kinds::{Kind, core::event},
    object::{Key, Prefix, Reason, Revision, Status, status::Result},
    verbs::{Api, Feed, FeedItem, ListOptions, Stored, StoredObjects, Target, view},
};

/// Delay between two feeds, so that a failing one does not spin.
const FEED_DELAY: Duration = Duration::from_millis(200);
/// Who reports objects that do not decode.
const COMPONENT: &str = "informer";

/// The informer that all controllers share.
pub struct Informers {
    /// The door through which controllers read and write.
    pub api: Api,
    /// Records Events.
    pub recorder: Recorder,
    selection: RwLock<Selection>,
    position: watch::Sender<Option<Revision>>,
    changes: AtomicU64,
    /// Objects that no index has, and why, until an Event says so.
    undecodable: Mutex<Vec<(Value, Box<Status>)>>,
}

impl Informers {
    /// A view that knows nothing until [`Informers::follow`] runs.
    pub fn new(api: Api) -> Self {
        let recorder = Recorder::new(api.clone());
        Self {
            api,
            recorder,
            selection: RwLock::default(),
            position: watch::Sender::new(None),
            changes: AtomicU64::new(0),
            undecodable: Mutex::default(),
        }
    }

    /// The kind of the object that is stored here.
    pub fn kind_of(&self, key: &Key) -> Option<Kind> {
        self.api.registry().kinds().of_key(key).cloned()
    }

    /// One object as it is now.
    pub async fn get(&self, def: &Kind, namespace: &str, name: &str) -> Result<Option<Value>> {
        match self.api.get(&Target::new(def, namespace, name), None, "").await {
            Ok(answer) => Ok(Some(answer.into_value(def))),
            Err(status) if status.reason == Reason::NotFound => Ok(None),
            Err(status) => Err(status),
        }
    }

    /// All objects of a kind as they are now, in one namespace or, if it is empty, in all.
    pub async fn list(&self, def: &Kind, namespace: &str) -> Result<Vec<Value>> {
        let page = self.api.list(&Target::new(def, namespace, ""), &ListOptions::default()).await?;
        Ok(page.items.iter().map(|stored| view(def, stored)).collect())
    }

    /// Looks something up in the indexes.
    pub fn with_index<T>(&self, f: impl FnOnce(&Selection) -> T) -> T {
        f(&self.selection.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether everything that was there at the start has been delivered.
    pub fn has_synced(&self) -> bool {
        self.position.borrow().is_some()
    }

    /// How many changes have been delivered, those of Events aside.
    pub fn changes(&self) -> u64 {
        self.changes.load(Relaxed)
    }

    /// Waits until the indexes show everything that has happened so far.
    pub async fn catch_up(&self) {
        self.reach(self.api.revision()).await;
    }

    /// Follows all changes for as long as the task lives, and gives each to the handler.
    pub async fn follow(&self, mut handler: impl FnMut(Change)) {
        let mut known = BTreeMap::new();
        loop {
            if let Ok((objects, feed)) = self.api.feed() {
                self.begin(objects, &mut known, &mut handler);
                self.proceed(feed, &mut known, &mut handler).await;
            }
            tokio::time::sleep(FEED_DELAY).await;
        }
    }

    /// Takes in the state at the beginning of a feed; what is not in it was deleted while nobody looked.
    fn begin(&self, objects: StoredObjects, known: &mut BTreeMap<Key, Arc<Stored>>, handler: &mut impl FnMut(Change)) {
        let mut vanished = std::mem::take(known);
        for (key, stored) in objects {
            let old = vanished.remove(&key);
            if old.as_ref().is_none_or(|old| old.revision() != stored.revision()) {
                // What was missed may be that another object took the name.
                if old.is_some() {
                    self.deliver_at(&key, old, None, handler);
                }
                self.deliver_at(&key, None, Some(stored.clone()), handler);
            }
            known.insert(key, stored);
        }
        for (key, stored) in vanished {
            self.deliver_at(&key, Some(stored), None, handler);
        }
    }

    async fn proceed(&self, mut feed: Feed, known: &mut BTreeMap<Key, Arc<Stored>>, handler: &mut impl FnMut(Change)) {
        loop {
            self.report_undecodable().await;
            self.position.send_replace(Some(feed.position()));
            let Some(item) = feed.next().await else { return };
            match item {
                FeedItem::Events(events) => {
                    for event in events {
                        let now = (!event.deleted).then(|| event.object.clone());
                        let old = match &now {
                            Some(stored) => known.insert(event.key.clone(), stored.clone()),
                            None => known.remove(&event.key),
                        };
                        self.deliver_at(&event.key, old, now, handler);
                    }
                }
                FeedItem::Added(objects) => {
                    for (key, stored) in objects {
                        let old = known.insert(key.clone(), stored.clone());
                        self.deliver_at(&key, old, Some(stored), handler);
                    }
                }
                FeedItem::Removed(kind) => {
                    for (key, stored) in split_off(known, &kind.prefix()) {
                        self.deliver(kind.clone(), &key, Some(stored), None, handler);
                    }
                }
            }
        }
    }

    fn deliver_at(
        &self,
        key: &Key,
        old: Option<Arc<Stored>>,
        new: Option<Arc<Stored>>,
        handler: &mut impl FnMut(Change),
    ) {
        if let Some(kind) = self.kind_of(key) {
            self.deliver(kind, key, old, new, handler);
        }
    }

    fn deliver(
        &self,
        kind: Kind,
        key: &Key,
        old: Option<Arc<Stored>>,
        new: Option<Arc<Stored>>,
        handler: &mut impl FnMut(Change),
    ) {
        let change = Change::new(kind, key.clone(), old, new);
        let applied = self.selection.write().unwrap_or_else(PoisonError::into_inner).apply(&change);
        if let (Err(error), Some(object)) = (applied, change.now()) {
            tracing::error!(%error, "an object is left out of the indexes");
            self.undecodable.lock().unwrap_or_else(PoisonError::into_inner).push((object.clone(), error));
        }
        if !change.is(&event::DEF) {
            self.changes.fetch_add(1, Relaxed);
        }
        handler(change);
    }

    /// Tells the users of objects that do not decode that nothing follows them.
    async fn report_undecodable(&self) {
        let found = std::mem::take(&mut *self.undecodable.lock().unwrap_or_else(PoisonError::into_inner));
        for (object, error) in found {
            let note = Note { component: COMPONENT, kind: "Warning", reason: "FailedDecode", message: &error.message };
            self.recorder.record(&object, note).await;
        }
    }

    async fn reach(&self, revision: Revision) {
        let mut position = self.position.subscribe();
        // The sender lives as long as this value, so waiting ends only with the revision.
        let _ = position.wait_for(|position| position.is_some_and(|position| position >= revision)).await;
    }
}

/// Takes out of a map what lies under a prefix.
fn split_off(known: &mut BTreeMap<Key, Arc<Stored>>, prefix: &Prefix) -> BTreeMap<Key, Arc<Stored>> {
    let mut found = known.split_off(&prefix.key(""));
    let after = found.keys().find(|key| !key.is_under(prefix)).cloned();
    if let Some(after) = after {
        known.append(&mut found.split_off(&after));
    }
    found
}
