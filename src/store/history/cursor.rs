//! One watcher's position in history.

use std::sync::Arc;

use tokio::sync::watch;

use crate::object::{Prefix, Revision};
use crate::store::{Error, Event, history::Limits, shared::Shared};

/// Reads the events under a prefix in order. It holds nothing but its position until something
/// happens.
pub struct Cursor {
    shared: Arc<Shared>,
    prefix: Prefix,
    position: Revision,
    changed: watch::Receiver<()>,
}

/// How much a cursor returns at once. The bytes bound what a client that reads slowly keeps in memory.
const LIMITS: Limits = Limits { events: 256, bytes: 1 << 20 };

impl Cursor {
    /// Waits for the next events, never returning none. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Vec<Arc<Event>>, Error> {
        loop {
            self.changed.mark_unchanged();
            let events = self.try_next()?;
            if !events.is_empty() {
                return Ok(events);
            }
            self.changed.changed().await.map_err(|_| Error::Closed)?;
        }
    }

    /// The next events that have already happened.
    pub fn try_next(&mut self) -> Result<Vec<Arc<Event>>, Error> {
        let visible = self.shared.visible();
        let batch = visible.window.read(&self.prefix, self.position, visible.state.revision, LIMITS)?;
        if let (true, Some(error)) = (batch.events.is_empty(), &visible.closed) {
            return Err(error.clone());
        }
        self.position = batch.position;
        Ok(batch.events)
    }

    /// Everything up to this revision has been delivered or does not match the prefix.
    pub fn position(&self) -> Revision {
        let visible = self.shared.visible();
        match visible.window.read(&self.prefix, self.position, visible.state.revision, Limits { events: 1, ..LIMITS }) {
            Ok(batch) if batch.events.is_empty() => batch.position,
            _ => self.position,
        }
    }

    pub(in crate::store) fn new(
        shared: Arc<Shared>,
        prefix: Prefix,
        position: Revision,
        changed: watch::Receiver<()>,
    ) -> Self {
        Self { shared, prefix, position, changed }
    }
}
