//! What controllers know of the world: one watch per kind, kept as parsed objects that all controllers share.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use serde_json::Value;
use tokio::sync::watch;

use super::key_of;
use crate::{
    kinds::KindDef,
    object::{Revision, meta},
    verbs::{Api, EventType, ListOptions, Target, WatchEvent, view_bytes},
};

/// Rest between two watches, so that a failing one does not spin.
const PAUSE_BETWEEN_WATCHES: Duration = Duration::from_millis(200);

/// An object that appeared, changed or vanished.
pub(super) struct Change {
    pub old: Option<Arc<Value>>,
    pub new: Option<Arc<Value>>,
}

/// The shared view of every kind that some controller follows.
pub(super) struct Informers {
    /// The door through which controllers write.
    pub api: Api,
    informers: HashMap<&'static str, Informer>,
}

struct Informer {
    def: &'static KindDef,
    objects: RwLock<BTreeMap<String, Arc<Value>>>,
    /// Everything up to here has been taken in, and everybody concerned has been told.
    seen: watch::Sender<Revision>,
}

impl Informers {
    /// A view of these kinds, empty until [`Informers::follow`] runs.
    pub fn new(api: Api, kinds: impl IntoIterator<Item = &'static KindDef>) -> Self {
        let informers = kinds.into_iter().map(|def| (def.plural, Informer::new(def)));
        Self { api, informers: informers.collect() }
    }

    /// The kinds followed.
    pub fn kinds(&self) -> impl Iterator<Item = &'static KindDef> + '_ {
        self.informers.values().map(|informer| informer.def)
    }

    /// One object.
    pub fn get(&self, def: &KindDef, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.read(def, |objects| objects.get(&format!("{namespace}/{name}")).cloned())
    }

    /// The objects of one namespace, in order of name.
    pub fn in_namespace(&self, def: &KindDef, namespace: &str) -> Vec<Arc<Value>> {
        let prefix = format!("{namespace}/");
        self.read(def, |objects| {
            let rest = objects.range(prefix.clone()..);
            rest.take_while(|(key, _)| key.starts_with(&prefix)).map(|(_, object)| object.clone()).collect()
        })
    }

    /// All objects of a kind.
    pub fn all(&self, def: &KindDef) -> Vec<Arc<Value>> {
        self.read(def, |objects| objects.values().cloned().collect())
    }

    /// Waits until every kind has been seen as it was when it was first looked at.
    pub async fn synced(&self) {
        for informer in self.informers.values() {
            // The sender lives as long as the informer.
            let _ = informer.seen.subscribe().wait_for(|seen| *seen > Revision(0)).await;
        }
    }

    /// The kinds of which something has happened that has not been taken in.
    pub fn behind(&self) -> Vec<&'static str> {
        let behind = self.informers.values().filter(|i| self.api.has_changed(i.def, *i.seen.borrow()));
        behind.map(|informer| informer.def.plural).collect()
    }

    /// Follows a kind for as long as the task lives, telling of each change.
    pub async fn follow(&self, def: &'static KindDef, mut tell: impl FnMut(Change)) {
        let collection = Target::new(def, "", "");
        let everything = ListOptions {
            send_initial_events: Some(true),
            resource_version_match: "NotOlderThan".to_owned(),
            allow_watch_bookmarks: true,
            ..ListOptions::default()
        };
        loop {
            if let Ok(mut watch) = self.api.watch(&collection, &everything).await {
                let mut unseen = self.read(def, BTreeMap::clone);
                while let Some(events) = watch.next().await {
                    let newest = events.iter().filter_map(revision).max();
                    for event in events {
                        self.take_in(def, event, &mut unseen, &mut tell);
                    }
                    if let (Some(informer), Some(newest)) = (self.informers.get(def.plural), newest) {
                        informer.seen.send_replace(newest);
                    }
                }
            }
            tokio::time::sleep(PAUSE_BETWEEN_WATCHES).await;
        }
    }

    fn take_in(
        &self,
        def: &'static KindDef,
        event: WatchEvent,
        unseen: &mut BTreeMap<String, Arc<Value>>,
        tell: &mut impl FnMut(Change),
    ) {
        let (kind, bytes, event) = match event {
            WatchEvent::Object { kind, bytes, event } => (kind, bytes, event),
            WatchEvent::Bookmark { initial_events_end: true, .. } => {
                return self.forget(def, std::mem::take(unseen), tell);
            }
            WatchEvent::Bookmark { .. } | WatchEvent::Error(_) => return,
        };
        let object = Arc::new(view_bytes(def, &bytes));
        let key = key_of(&object);
        // What the initial events, which carry no store event, leave out vanished while nobody watched.
        if event.is_none() {
            unseen.remove(&key);
        }
        self.note(def, key, (kind != EventType::Deleted).then_some(object), tell);
    }

    fn forget(&self, def: &KindDef, vanished: BTreeMap<String, Arc<Value>>, tell: &mut impl FnMut(Change)) {
        for key in vanished.into_keys() {
            self.note(def, key, None, tell);
        }
    }

    fn note(&self, def: &KindDef, key: String, new: Option<Arc<Value>>, tell: &mut impl FnMut(Change)) {
        let Some(informer) = self.informers.get(def.plural) else { return };
        let old = {
            let mut objects = informer.objects.write().unwrap_or_else(PoisonError::into_inner);
            match &new {
                Some(object) => objects.insert(key, object.clone()),
                None => objects.remove(&key),
            }
        };
        let same = |a: &Arc<Value>, b: &Arc<Value>| meta::resource_version(a) == meta::resource_version(b);
        let repeated = matches!((&old, &new), (Some(a), Some(b)) if same(a, b)) || (old.is_none() && new.is_none());
        if !repeated {
            tell(Change { old, new });
        }
    }

    fn read<T: Default>(&self, def: &KindDef, f: impl FnOnce(&BTreeMap<String, Arc<Value>>) -> T) -> T {
        let Some(informer) = self.informers.get(def.plural) else { return T::default() };
        f(&informer.objects.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Informer {
    fn new(def: &'static KindDef) -> Self {
        Self { def, objects: RwLock::default(), seen: watch::Sender::new(Revision(0)) }
    }
}

/// Up to which revision an event brings its watcher; initial objects say nothing about that.
fn revision(event: &WatchEvent) -> Option<Revision> {
    match event {
        WatchEvent::Object { event, .. } => event.as_ref().map(|event| event.revision),
        WatchEvent::Bookmark { revision, .. } => Some(*revision),
        WatchEvent::Error(_) => None,
    }
}
