//! Removes Events that nobody has touched for a while.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    controllers::engine::{
        controller::{Context, Controller},
        workqueue::WorkQueue,
        writes,
    },
    world::{
        change::Change,
        decode::{decode, or_default},
        meta_view::MetaView,
    },
};
use crate::{
    kinds::core::event,
    object::{Key, Revision, status::Result},
    verbs::{Caller, DeleteOptions, Target},
};

const NAME: &str = "event-expiry";

pub struct EventExpiry {
    ttl: SignedDuration,
    expiry: Mutex<Expiry>,
}

/// When each Event expires.
#[derive(Default)]
struct Expiry {
    due: BTreeSet<(Timestamp, Key)>,
    known: HashMap<Key, (Timestamp, Revision)>,
    /// When the queue will have the key again.
    next_check: Option<Timestamp>,
}

impl EventExpiry {
    pub fn new(ttl: Duration) -> Self {
        // What does not fit is longer than anybody waits.
        let ttl = SignedDuration::try_from(ttl).unwrap_or(SignedDuration::MAX);
        Self { ttl, expiry: Mutex::default() }
    }

    fn expiry(&self) -> MutexGuard<'_, Expiry> {
        self.expiry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Controller for EventExpiry {
    fn name(&self) -> &'static str {
        NAME
    }

    fn keys(&self, change: &Change, Context { world, queue }: Context<'_>) -> Vec<String> {
        if change.is(&event::DEF) {
            let mut expiry = self.expiry();
            expiry.forget(&change.key);
            if let Some(revision) = change.revision() {
                let now = world.api.now();
                // When those were written that are there from the start is not known.
                let written = if world.has_synced() { None } else { change.now().and_then(last_time) };
                let due = written.unwrap_or(now).checked_add(self.ttl).unwrap_or(Timestamp::MAX);
                expiry.due.insert((due, change.key.clone()));
                expiry.known.insert(change.key.clone(), (due, revision));
                expiry.check_in_time(queue, now);
            }
        }
        Vec::new()
    }

    fn reconcile<'a>(&'a self, _key: &'a str, Context { world, queue }: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let now = world.api.now();
            let expired = {
                let mut expiry = self.expiry();
                expiry.next_check = None;
                let expired = expiry.take_expired(now);
                expiry.check_in_time(queue, now);
                expired
            };
            for (key, revision) in expired {
                let target = Target::new(&event::DEF, key.namespace().unwrap_or_default(), key.name());
                let mut options = DeleteOptions::new(Caller::internal(NAME));
                options.preconditions.resource_version = Some(revision.to_string());
                // One that has been written again is due later.
                writes::delete_with(&world.api, &target, &options).await?;
            }
            Ok(())
        })
    }
}

impl Expiry {
    /// Adds the key to the queue for the time when the first Event expires.
    fn check_in_time(&mut self, queue: &WorkQueue, now: Timestamp) {
        let Some(first) = self.due.first().map(|(due, _)| *due) else { return };
        if self.next_check.is_none_or(|next| first < next) {
            self.next_check = Some(first);
            queue.requeue_after(String::new(), Duration::try_from(first.duration_since(now)).unwrap_or_default());
        }
    }

    fn forget(&mut self, key: &Key) {
        if let Some((due, _)) = self.known.remove(key) {
            self.due.remove(&(due, key.clone()));
        }
    }

    fn take_expired(&mut self, now: Timestamp) -> Vec<(Key, Revision)> {
        let mut expired = Vec::new();
        while self.due.first().is_some_and(|(due, _)| *due <= now) {
            let Some((_, key)) = self.due.pop_first() else { break };
            if let Some((_, revision)) = self.known.remove(&key) {
                expired.push((key, revision));
            }
        }
        expired
    }
}

/// When an Event happened, as its writers say.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct EventTimes<'a> {
    #[serde(borrow)]
    metadata: MetaView<'a>,
    #[serde(deserialize_with = "or_default")]
    last_timestamp: &'a str,
    #[serde(deserialize_with = "or_default")]
    event_time: &'a str,
    #[serde(borrow, deserialize_with = "or_default")]
    series: Series<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Series<'a> {
    #[serde(deserialize_with = "or_default")]
    last_observed_time: &'a str,
}

/// The last time that an Event tells of.
fn last_time(event: &Value) -> Option<Timestamp> {
    let times: EventTimes<'_> = match decode(event) {
        Ok(times) => times,
        Err(error) => {
            tracing::error!(%error, "an event counts as new");
            return None;
        }
    };
    let created = times.metadata.creation_timestamp;
    let all = [times.last_timestamp, times.event_time, times.series.last_observed_time, created];
    all.iter().filter_map(|time| time.parse().ok()).max()
}
