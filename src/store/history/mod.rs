//! The recent events, in memory: all of them in order, and again for each resource, so that a watch of a quiet
//! resource neither reads nor waits for the events of a busy one.

mod cursor;
mod event;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use tokio::sync::watch;

pub use cursor::Cursor;
pub use event::{Event, Obsolete};

use crate::object::{Prefix, Revision};
use crate::store::{Error, History};

/// All events after the compacted revision.
#[derive(Default)]
pub(in crate::store) struct Window {
    compacted: Revision,
    events: VecDeque<Arc<Event>>,
    /// How many bytes they take.
    bytes: usize,
    /// The newest events: those that keep their encodings.
    encoded: VecDeque<Arc<Event>>,
    encoded_bytes: usize,
    feeds: HashMap<Arc<str>, Feed>,
}

/// How many bytes of the newest events keep their encodings, each of which takes as much again.
const ENCODED_BYTES_MAX: usize = 16 << 20;

/// What a read of a feed found.
pub(in crate::store) struct Found {
    pub(in crate::store) events: Vec<Arc<Event>>,
    /// Everything up to here is in the batch or does not match.
    pub(in crate::store) position: Revision,
}

/// How much is read at once; the last event may go beyond it.
#[derive(Clone, Copy)]
pub(in crate::store) struct Limits {
    pub(in crate::store) events: usize,
    pub(in crate::store) bytes: usize,
}

/// The events of one resource.
#[derive(Default)]
struct Feed {
    events: VecDeque<Arc<Event>>,
    /// The newest event that was dropped.
    dropped: Revision,
    /// Notified after each event.
    changed: watch::Sender<()>,
}

impl Window {
    /// An empty window; what happened up to the revision is not known.
    pub(in crate::store) fn new(compacted: Revision) -> Self {
        Self { compacted, ..Self::default() }
    }

    /// History is complete after this revision.
    pub(in crate::store) fn compacted(&self) -> Revision {
        self.compacted
    }

    /// How many events there are.
    pub(in crate::store) fn len(&self) -> usize {
        self.events.len()
    }

    /// How many watches there are.
    pub(in crate::store) fn watchers(&self) -> usize {
        self.feeds.values().map(|feed| feed.changed.receiver_count()).sum()
    }

    /// Adds the next events.
    pub(in crate::store) fn push(&mut self, events: &[Arc<Event>]) {
        for event in events {
            self.bytes += event.size();
            self.encoded_bytes += event.size();
            self.events.push_back(Arc::clone(event));
            self.encoded.push_back(Arc::clone(event));
            self.feed(resource(event.key.as_str())).events.push_back(Arc::clone(event));
        }
        self.trim_encoded();
    }

    /// Lets go of the encodings of events that are not among the newest any more.
    fn trim_encoded(&mut self) {
        while self.encoded_bytes > ENCODED_BYTES_MAX {
            let Some(event) = self.encoded.pop_front() else { return };
            self.encoded_bytes -= event.size();
            event.drop_frames();
        }
    }

    /// Drops the events that are beyond the bounds at this time (milliseconds since 1970), and returns them in order.
    pub(in crate::store) fn trim(&mut self, history: &History, now: i64) -> Vec<Arc<Event>> {
        let age = i64::try_from(history.age.as_millis()).unwrap_or(i64::MAX);
        let oldest = now.saturating_sub(age);
        let (mut count, mut bytes) = (0, self.bytes);
        for event in &self.events {
            let is_kept = self.events.len() - count <= history.events && bytes <= history.bytes && event.at >= oldest;
            if is_kept {
                break;
            }
            count += 1;
            bytes -= event.size();
        }
        self.bytes = bytes;
        let dropped: Vec<_> = self.events.drain(..count).collect();
        for event in &dropped {
            let feed = self.feed(resource(event.key.as_str()));
            feed.events.pop_front();
            feed.dropped = event.revision;
        }
        if let Some(last) = dropped.last() {
            self.compacted = last.revision;
        }
        while let Some(event) = self.encoded.pop_front_if(|event| event.revision <= self.compacted) {
            self.encoded_bytes -= event.size();
        }
        dropped
    }

    /// All events after the revision, oldest first.
    pub(in crate::store) fn after(&self, revision: Revision) -> impl Iterator<Item = &Arc<Event>> {
        self.events.range(first_after(&self.events, revision)..)
    }

    /// The next events under the prefix after the position, as many as the limits allow and at least one. Those of one
    /// revision stay together. `newest` is the newest revision of all.
    pub(in crate::store) fn read(
        &self,
        prefix: &Prefix,
        position: Revision,
        newest: Revision,
        limits: Limits,
    ) -> Result<Found, Error> {
        let mut found = Found { events: Vec::new(), position: position.max(newest) };
        let Some(feed) = self.feeds.get(resource(prefix.as_str())) else { return Ok(found) };
        if position < feed.dropped {
            return Err(Error::Compacted { oldest: self.compacted });
        }
        let mut bytes = 0;
        let pending = feed.events.range(first_after(&feed.events, position)..);
        for event in pending.filter(|event| event.key.is_under(prefix)) {
            let is_full = found.events.len() >= limits.events || bytes >= limits.bytes;
            let last = found.events.last().map(|last: &Arc<Event>| last.revision);
            if let Some(last) = last.filter(|last| is_full && *last != event.revision) {
                found.position = last;
                break;
            }
            bytes += event.size();
            found.events.push(Arc::clone(event));
        }
        Ok(found)
    }

    /// The revision of the newest event of the prefix's resource, also of one that was dropped.
    pub(in crate::store) fn changed_at(&self, prefix: &Prefix) -> Revision {
        let feed = self.feeds.get(resource(prefix.as_str()));
        feed.map_or(Revision(0), |feed| feed.events.back().map_or(feed.dropped, |event| event.revision))
    }

    /// Notified after each event of the prefix's resource.
    pub(in crate::store) fn subscribe(&mut self, prefix: &Prefix) -> watch::Receiver<()> {
        self.feed(resource(prefix.as_str())).changed.subscribe()
    }

    /// Whom to notify of these events, each once.
    pub(in crate::store) fn notified_of(&self, events: &[Arc<Event>]) -> Vec<watch::Sender<()>> {
        let mut names: Vec<_> = events.iter().map(|event| resource(event.key.as_str())).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().filter_map(|name| self.feeds.get(name)).map(|feed| feed.changed.clone()).collect()
    }

    /// Everybody who can be notified.
    pub(in crate::store) fn notified_at_all(&self) -> Vec<watch::Sender<()>> {
        self.feeds.values().map(|feed| feed.changed.clone()).collect()
    }

    fn feed(&mut self, resource: &str) -> &mut Feed {
        if !self.feeds.contains_key(resource) {
            self.feeds.insert(resource.into(), Feed::default());
        }
        self.feeds.get_mut(resource).expect("inserted above")
    }
}

/// The part of a key or prefix that names the resource: `<group>/<resource>/`.
fn resource(text: &str) -> &str {
    text.match_indices('/').nth(1).map_or(text, |(second, _)| &text[..=second])
}

fn first_after(events: &VecDeque<Arc<Event>>, revision: Revision) -> usize {
    events.partition_point(|event| event.revision <= revision)
}
