//! Everything that happens, of all kinds, in one order: what a part of this server needs to keep an index.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::sync::watch;

use crate::verbs::{Api, Kinds};
use crate::{
    kinds::Kind,
    object::{Key, Prefix, Revision, Status, status::Result},
    store::{Cursor, Error, Event, Snapshot, Store, Stored},
};

/// How long a feed waits before it looks again whether the store has been closed.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// StoredObjects and where they are stored.
pub type StoredObjects = Vec<(Key, Arc<Stored>)>;

/// The changes of all kinds, in the order of their revisions.
pub struct Feed {
    store: Store,
    kinds: watch::Receiver<Arc<Kinds>>,
    sources: Vec<Source>,
    /// What has been found and not yet been returned.
    pending: VecDeque<FeedItem>,
    /// Events newer than the position, in order.
    ahead: VecDeque<Arc<Event>>,
    position: Revision,
}

/// What a feed returns.
pub enum FeedItem {
    /// StoredObjects changed, in this order. There may be none.
    Events(Vec<Arc<Event>>),
    /// A kind is served from now on; these are its objects.
    Added(StoredObjects),
    /// A kind is served no longer, which had its objects here. What is stored stays.
    Removed(Kind),
}

/// One stored kind, and the changes of its objects.
struct Source {
    kind: Kind,
    prefix: Prefix,
    cursor: Cursor,
}

impl Api {
    /// Everything there is, and then everything that happens.
    pub fn feed(&self) -> Result<(StoredObjects, Feed)> {
        let store = self.0.store.clone();
        let mut kinds = self.0.registry.subscribe();
        let served = kinds.borrow_and_update().clone();
        let snapshot = store.snapshot();
        let mut feed = Feed {
            store,
            kinds,
            sources: Vec::new(),
            pending: VecDeque::new(),
            ahead: VecDeque::new(),
            position: snapshot.revision(),
        };
        let mut objects = Vec::new();
        for kind in served.all_stored() {
            objects.extend(feed.follow(kind, &snapshot).map_err(Status::internal)?);
        }
        Ok((objects, feed))
    }
}

impl Feed {
    /// Every change up to this revision has been returned.
    pub fn position(&self) -> Revision {
        self.position
    }

    /// What comes next; `None` when something was missed or the store is closed.
    pub async fn next(&mut self) -> Option<FeedItem> {
        loop {
            if let Some(item) = self.pending.pop_front() {
                return Some(item);
            }
            let next = Revision(self.position.0 + 1);
            tokio::select! {
                biased;
                changed = self.kinds.changed() => {
                    changed.ok()?;
                    self.compare_kinds().ok()?;
                }
                reached = self.store.wait_for(next, WAIT_MAX) => match reached {
                    Ok(()) => return self.events().map(FeedItem::Events),
                    Err(Error::Future { .. }) => {}
                    Err(_) => return None,
                },
            }
        }
    }

    /// The events up to the newest revision, in order. Some may be nobody's.
    fn events(&mut self) -> Option<Vec<Arc<Event>>> {
        // What the cursors find beyond this revision may have gaps, and waits for the next round.
        let newest = self.store.revision();
        for source in &mut self.sources {
            loop {
                let events = source.cursor.try_next().ok()?;
                if events.is_empty() {
                    break;
                }
                self.ahead.extend(events);
            }
        }
        self.ahead.make_contiguous().sort_by_key(|event| event.revision);
        let known = self.ahead.partition_point(|event| event.revision <= newest);
        self.position = newest;
        Some(self.ahead.drain(..known).collect())
    }

    /// Finds out which kinds have come and gone.
    fn compare_kinds(&mut self) -> std::result::Result<(), Error> {
        let served = self.kinds.borrow_and_update().clone();
        let stored: HashMap<Prefix, &Kind> = served.all_stored().map(|kind| (kind.prefix(), kind)).collect();
        for source in std::mem::take(&mut self.sources) {
            match stored.get(&source.prefix) {
                Some(kind) => self.sources.push(Source { kind: Kind::clone(kind), ..source }),
                None => self.pending.push_back(FeedItem::Removed(source.kind)),
            }
        }
        let snapshot = self.store.snapshot();
        for kind in served.all_stored() {
            let prefix = kind.prefix();
            if !self.sources.iter().any(|source| source.prefix == prefix) {
                let objects = self.follow(kind, &snapshot)?;
                self.pending.push_back(FeedItem::Added(objects));
            }
        }
        Ok(())
    }

    /// Begins to follow a kind, and returns its objects.
    fn follow(&mut self, kind: &Kind, snapshot: &Snapshot) -> std::result::Result<StoredObjects, Error> {
        let prefix = kind.prefix();
        let cursor = self.store.watch(prefix.clone(), snapshot.revision())?;
        let objects = snapshot.range(&prefix, None).map(|(key, stored)| (key.clone(), stored.clone())).collect();
        self.sources.push(Source { kind: kind.clone(), prefix, cursor });
        Ok(objects)
    }
}
