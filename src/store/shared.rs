//! What the handles, the cursors and the writer share: the visible state, behind one lock that is held for moments.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::watch;

use crate::object::Revision;
use crate::store::{
    Error, Event, Health, Options, Snapshot,
    history::Window,
    state::{Recent, State},
    stats::Counters,
};

/// One per store.
pub(super) struct Shared {
    visible: RwLock<Visible>,
    /// The newest visible revision, for those who wait for one.
    pub(super) newest: watch::Sender<Revision>,
    pub(super) health: watch::Sender<Health>,
    pub(super) recent: Recent,
    pub(super) counters: Counters,
    pub(super) options: Options,
}

/// What readers see.
pub(super) struct Visible {
    pub(super) state: State,
    pub(super) window: Window,
    /// Why nothing happens any more; `None` as long as something does.
    pub(super) closed: Option<Error>,
}

impl Shared {
    pub(super) fn new(options: Options, state: State, window: Window) -> Self {
        Self {
            newest: watch::Sender::new(state.revision),
            visible: RwLock::new(Visible { state, window, closed: None }),
            health: watch::Sender::new(Health::Ok),
            recent: Recent::default(),
            counters: Counters::default(),
            options,
        }
    }

    /// The state for reading. Never hold it over an await.
    pub(super) fn visible(&self) -> RwLockReadGuard<'_, Visible> {
        self.visible.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state for changing. Never hold it over an await.
    pub(super) fn visible_mut(&self) -> RwLockWriteGuard<'_, Visible> {
        self.visible.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time in milliseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        (self.options.clock)().as_millisecond()
    }

    /// Makes a new state and its events visible, notifies whom they concern, and returns the events that left history.
    pub(super) fn publish(&self, state: State, events: &[Arc<Event>]) -> Vec<Arc<Event>> {
        let now = self.now();
        let revision = state.revision;
        let mut visible = self.visible_mut();
        // The old state is dropped after the lock, for that can take a while.
        let _old = std::mem::replace(&mut visible.state, state);
        visible.window.push(events);
        let dropped = visible.window.trim(&self.options.history, now);
        let notified = visible.window.notified_of(events);
        drop(visible);

        self.newest.send_replace(revision);
        for changed in notified {
            changed.send_replace(());
        }
        self.forget(&dropped);
        dropped
    }

    /// Drops the events that have become too old, and returns them.
    pub(super) fn trim(&self) -> Vec<Arc<Event>> {
        let now = self.now();
        let dropped = self.visible_mut().window.trim(&self.options.history, now);
        self.forget(&dropped);
        dropped
    }

    /// Why the store has ended, if it has.
    pub(super) fn closed(&self) -> Option<Error> {
        self.visible().closed.clone()
    }

    /// Ends every cursor and everyone who waits, for this reason unless there is one already.
    pub(super) fn close(&self, why: Error) {
        let mut visible = self.visible_mut();
        if visible.closed.is_some() {
            return;
        }
        if let Error::Ended { why } = &why {
            self.health.send_replace(Health::Ended { why: why.clone() });
        }
        visible.closed = Some(why);
        let notified = visible.window.notified_at_all();
        drop(visible);
        self.newest.send_modify(|_| ());
        for changed in notified {
            changed.send_replace(());
        }
    }

    /// A snapshot of the newest revision.
    pub(super) fn snapshot(&self) -> Snapshot {
        let visible = self.visible();
        Snapshot::new(visible.state.revision, visible.state.objects.clone())
    }

    fn forget(&self, dropped: &[Arc<Event>]) {
        if let Some(last) = dropped.last() {
            self.recent.forget_before(last.revision);
        }
    }
}
