//! What controllers know of the world: fresh reads, and indexes kept up to date by one feed of all changes.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use serde_json::Value;
use tokio::sync::watch;

use super::selection::Selection;
use crate::{
    kinds::{Kind, KindDef},
    object::{Key, Prefix, Reason, Revision, status::Result},
    verbs::{Api, Feed, FeedItem, ListOptions, Objects, Stored, Target, view},
};

/// Rest between two feeds, so that a failing one does not spin.
const PAUSE_BETWEEN_FEEDS: Duration = Duration::from_millis(200);

/// An object that appeared, changed or vanished.
pub struct Change {
    /// Its kind.
    pub def: Kind,
    /// Where it is stored.
    pub key: Key,
    old: Option<Object>,
    new: Option<Object>,
}

/// One state of an object, parsed when somebody looks into it.
struct Object {
    stored: Arc<Stored>,
    value: OnceLock<Value>,
}

/// The view of the world that all controllers share.
pub struct Informers {
    /// The door through which controllers read and write.
    pub api: Api,
    selection: RwLock<Selection>,
    position: watch::Sender<Option<Revision>>,
}

impl Change {
    /// Whether it is about an object of this kind.
    pub fn is(&self, def: &KindDef) -> bool {
        self.def.gvk == def.gvk
    }

    /// The object before; `None` if it has just appeared.
    pub fn before(&self) -> Option<&Value> {
        self.old.as_ref().map(|object| object.value(&self.def))
    }

    /// The object now; `None` if it has vanished.
    pub fn now(&self) -> Option<&Value> {
        self.new.as_ref().map(|object| object.value(&self.def))
    }

    /// The object as it is, or as it was last.
    pub fn newest(&self) -> Option<&Value> {
        self.now().or_else(|| self.before())
    }

    /// Whether the object has just appeared.
    pub fn is_new(&self) -> bool {
        self.old.is_none()
    }

    /// Whether the object has vanished.
    pub fn is_removal(&self) -> bool {
        self.new.is_none()
    }

    /// When the object became what it is; `None` if it has vanished.
    pub fn revision(&self) -> Option<Revision> {
        self.new.as_ref().map(|object| object.stored.revision())
    }

    /// `namespace/name` of the object, which takes no look into it.
    pub fn place(&self) -> String {
        format!("{}/{}", self.key.namespace().unwrap_or_default(), self.key.name())
    }

    /// Whether the object's text has this in it, now or before. Spares parsing where the answer is no.
    pub fn mentions(&self, text: &str) -> bool {
        let states = [&self.old, &self.new].into_iter().flatten();
        let texts = states.filter_map(|object| std::str::from_utf8(object.stored.bytes()).ok());
        texts.into_iter().any(|state| state.contains(text))
    }
}

impl Object {
    fn new(stored: Arc<Stored>) -> Self {
        Self { stored, value: OnceLock::new() }
    }

    fn value(&self, def: &KindDef) -> &Value {
        self.value.get_or_init(|| view(def, &self.stored))
    }
}

impl Informers {
    /// A view that knows nothing until [`Informers::follow`] runs.
    pub fn new(api: Api) -> Self {
        Self { api, selection: RwLock::default(), position: watch::Sender::new(None) }
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
    pub fn look<T>(&self, f: impl FnOnce(&Selection) -> T) -> T {
        f(&self.selection.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether everything that was there at the start has been told.
    pub fn is_ready(&self) -> bool {
        self.position.borrow().is_some()
    }

    /// Waits until the indexes show everything that has happened so far.
    pub async fn catch_up(&self) {
        self.reach(self.api.revision()).await;
    }

    /// Follows all changes for as long as the task lives, telling of each.
    pub async fn follow(&self, mut tell: impl FnMut(Change)) {
        let mut known = BTreeMap::new();
        loop {
            if let Ok((objects, feed)) = self.api.feed() {
                self.begin(objects, &mut known, &mut tell);
                self.proceed(feed, &mut known, &mut tell).await;
            }
            tokio::time::sleep(PAUSE_BETWEEN_FEEDS).await;
        }
    }

    /// Takes in the state at the beginning of a feed; what is not in it vanished while nobody looked.
    fn begin(&self, objects: Objects, known: &mut BTreeMap<Key, Arc<Stored>>, tell: &mut impl FnMut(Change)) {
        let mut vanished = std::mem::take(known);
        for (key, stored) in objects {
            let old = vanished.remove(&key);
            if old.as_ref().is_none_or(|old| old.revision() != stored.revision()) {
                // What was missed may be that another object took the name.
                if old.is_some() {
                    self.note(&key, old, None, tell);
                }
                self.note(&key, None, Some(stored.clone()), tell);
            }
            known.insert(key, stored);
        }
        for (key, stored) in vanished {
            self.note(&key, Some(stored), None, tell);
        }
    }

    async fn proceed(&self, mut feed: Feed, known: &mut BTreeMap<Key, Arc<Stored>>, tell: &mut impl FnMut(Change)) {
        loop {
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
                        self.note(&event.key, old, now, tell);
                    }
                }
                FeedItem::Added(objects) => {
                    for (key, stored) in objects {
                        let old = known.insert(key.clone(), stored.clone());
                        self.note(&key, old, Some(stored), tell);
                    }
                }
                FeedItem::Removed(kind) => {
                    for (key, stored) in split_off(known, &kind.prefix()) {
                        self.tell(kind.clone(), &key, Some(stored), None, tell);
                    }
                }
            }
        }
    }

    fn note(&self, key: &Key, old: Option<Arc<Stored>>, new: Option<Arc<Stored>>, tell: &mut impl FnMut(Change)) {
        if let Some(kind) = self.kind_of(key) {
            self.tell(kind, key, old, new, tell);
        }
    }

    fn tell(
        &self,
        def: Kind,
        key: &Key,
        old: Option<Arc<Stored>>,
        new: Option<Arc<Stored>>,
        tell: &mut impl FnMut(Change),
    ) {
        let change = Change { def, key: key.clone(), old: old.map(Object::new), new: new.map(Object::new) };
        self.selection.write().unwrap_or_else(PoisonError::into_inner).note(&change);
        tell(change);
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
