//! The recent events, in memory: all of them in order, and again for each resource, so that a watch of a quiet
//! resource neither reads nor waits for the events of a busy one.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use tokio::sync::watch;

use crate::object::{Prefix, Revision};
use crate::store::{Error, Event, History};

/// All events after the compacted revision, without a gap.
#[derive(Default)]
pub(super) struct Window {
    compacted: Revision,
    events: VecDeque<Arc<Event>>,
    feeds: HashMap<Arc<str>, Feed>,
}

/// What a read of a feed found.
pub(super) struct Batch {
    pub(super) events: Vec<Arc<Event>>,
    /// Everything up to here is in the batch or does not match.
    pub(super) position: Revision,
}

/// The events of one resource.
#[derive(Default)]
struct Feed {
    events: VecDeque<Arc<Event>>,
    /// The newest event that was dropped.
    dropped: Revision,
    bell: watch::Sender<()>,
}

impl Window {
    /// An empty window; what happened up to the revision is not known.
    pub(super) fn new(compacted: Revision) -> Self {
        Self { compacted, ..Self::default() }
    }

    /// History is complete after this revision.
    pub(super) fn compacted(&self) -> Revision {
        self.compacted
    }

    /// How many events there are.
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// How many watches there are.
    pub(super) fn watchers(&self) -> usize {
        self.feeds.values().map(|feed| feed.bell.receiver_count()).sum()
    }

    /// Adds the next events.
    pub(super) fn push(&mut self, events: &[Arc<Event>]) {
        for event in events {
            self.events.push_back(Arc::clone(event));
            self.feed(resource(event.key.as_str())).events.push_back(Arc::clone(event));
        }
    }

    /// Drops the events that are beyond the bounds at this time (milliseconds since 1970), and returns them in order.
    pub(super) fn trim(&mut self, history: &History, now: i64) -> Vec<Arc<Event>> {
        let age = i64::try_from(history.age.as_millis()).unwrap_or(i64::MAX);
        let oldest = now.saturating_sub(age);
        let excess = self.events.len().saturating_sub(history.events);
        let old = self.events.iter().skip(excess).take_while(|event| event.at < oldest).count();
        let dropped: Vec<_> = self.events.drain(..excess + old).collect();
        for event in &dropped {
            let feed = self.feed(resource(event.key.as_str()));
            feed.events.pop_front();
            feed.dropped = event.revision;
        }
        if let Some(last) = dropped.last() {
            self.compacted = last.revision;
        }
        dropped
    }

    /// All events after the revision, oldest first.
    pub(super) fn after(&self, revision: Revision) -> impl Iterator<Item = &Arc<Event>> {
        self.events.range(first_after(&self.events, revision)..)
    }

    /// At most `max` events under the prefix after the position. `newest` is the newest revision of all.
    pub(super) fn read(
        &self,
        prefix: &Prefix,
        position: Revision,
        newest: Revision,
        max: usize,
    ) -> Result<Batch, Error> {
        let end = Batch { events: Vec::new(), position: position.max(newest) };
        let Some(feed) = self.feeds.get(resource(prefix.as_str())) else { return Ok(end) };
        if position < feed.dropped {
            return Err(Error::Compacted { oldest: self.compacted });
        }
        let pending = feed.events.range(first_after(&feed.events, position)..);
        let events: Vec<_> = pending.filter(|event| event.key.is_under(prefix)).take(max).cloned().collect();
        match events.last() {
            Some(last) if events.len() == max => Ok(Batch { position: last.revision, events }),
            _ => Ok(Batch { events, ..end }),
        }
    }

    /// The bell that is rung after each event of the prefix's resource.
    pub(super) fn bell(&mut self, prefix: &Prefix) -> watch::Receiver<()> {
        self.feed(resource(prefix.as_str())).bell.subscribe()
    }

    /// The bells to ring for these events, each once.
    pub(super) fn bells_of(&self, events: &[Arc<Event>]) -> Vec<watch::Sender<()>> {
        let mut names: Vec<_> = events.iter().map(|event| resource(event.key.as_str())).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().filter_map(|name| self.feeds.get(name)).map(|feed| feed.bell.clone()).collect()
    }

    /// Every bell.
    pub(super) fn bells(&self) -> Vec<watch::Sender<()>> {
        self.feeds.values().map(|feed| feed.bell.clone()).collect()
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
