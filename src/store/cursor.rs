//! One watcher's place in the log.

use std::sync::Arc;

use tokio::sync::watch;

use crate::object::{Prefix, Revision};
use crate::store::{Error, Event, shared::Shared};

/// Reads the events under a prefix in order. It costs nothing but its place until something happens.
pub struct Cursor {
    shared: Arc<Shared>,
    prefix: Prefix,
    position: Revision,
    bell: watch::Receiver<()>,
}

/// How many events a cursor returns at once.
const EVENTS_MAX: usize = 256;

impl Cursor {
    /// Waits for the next events, never returning none. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Vec<Arc<Event>>, Error> {
        loop {
            self.bell.mark_unchanged();
            let events = self.try_next()?;
            if !events.is_empty() {
                return Ok(events);
            }
            self.bell.changed().await.map_err(|_| Error::Closed)?;
        }
    }

    /// The next events that have already happened.
    pub fn try_next(&mut self) -> Result<Vec<Arc<Event>>, Error> {
        let visible = self.shared.visible();
        let batch = visible.window.read(&self.prefix, self.position, visible.state.revision, EVENTS_MAX)?;
        if batch.events.is_empty() && visible.closed {
            return Err(Error::Closed);
        }
        self.position = batch.position;
        Ok(batch.events)
    }

    /// Everything up to this revision has been delivered or does not match the prefix.
    pub fn position(&self) -> Revision {
        let visible = self.shared.visible();
        match visible.window.read(&self.prefix, self.position, visible.state.revision, 1) {
            Ok(batch) if batch.events.is_empty() => batch.position,
            _ => self.position,
        }
    }

    pub(super) fn new(shared: Arc<Shared>, prefix: Prefix, position: Revision, bell: watch::Receiver<()>) -> Self {
        Self { shared, prefix, position, bell }
    }
}
