//! Everything that happens, of all kinds, in one order: what a part of this server needs to keep an index.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::Api;
use crate::{
    kinds::Storage,
    object::{Key, Revision, Status, status::Result},
    store::{Cursor, Error, Event, Store, Stored},
};

/// How long a feed waits before it looks again whether the store has been closed.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Objects and where they are stored.
type Objects = Vec<(Key, Arc<Stored>)>;

/// The changes of all kinds, in the order of their revisions.
pub struct Feed {
    store: Store,
    cursors: Vec<Cursor>,
    /// Events newer than the position, in order.
    ahead: VecDeque<Arc<Event>>,
    position: Revision,
}

impl Api {
    /// Everything there is, and then everything that happens.
    pub fn feed(&self) -> Result<(Objects, Feed)> {
        let store = self.0.store.clone();
        let snapshot = store.snapshot();
        let position = snapshot.revision();
        let (mut objects, mut cursors) = (Vec::new(), Vec::new());
        for def in self.0.registry.iter().filter(|def| matches!(def.storage, Storage::Own)) {
            let prefix = def.prefix();
            objects.extend(snapshot.range(&prefix, None).map(|(key, stored)| (key.clone(), stored.clone())));
            cursors.push(store.watch(prefix, position).map_err(Status::internal)?);
        }
        Ok((objects, Feed { store, cursors, ahead: VecDeque::new(), position }))
    }
}

impl Feed {
    /// Everything up to here has been told.
    pub fn position(&self) -> Revision {
        self.position
    }

    /// The next events, in order; `None` when some were missed or the store is closed. Some may be nobody's.
    pub async fn next(&mut self) -> Option<Vec<Arc<Event>>> {
        loop {
            match self.store.wait_for(Revision(self.position.0 + 1), PATIENCE).await {
                Ok(()) => break,
                Err(Error::Future { .. }) => {}
                Err(_) => return None,
            }
        }
        // What the cursors find beyond this revision may have gaps, and waits for the next round.
        let newest = self.store.revision();
        for cursor in &mut self.cursors {
            loop {
                let events = cursor.try_next().ok()?;
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
}
