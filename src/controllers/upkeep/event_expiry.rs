//! Removes Events that nobody has touched for a while.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{
    controllers::{Controller, engine::queue::Queue},
    world::informer::{Change, Informers},
};
use crate::{
    kinds::core::event,
    object::{Key, Reason, Revision, meta, status::Result},
    verbs::{Caller, DeleteOptions, Target},
};

const NAME: &str = "event-expiry";

pub struct EventExpiry {
    ttl: SignedDuration,
    queue: OnceLock<Queue>,
    ledger: Mutex<Ledger>,
}

/// When each Event is to go.
#[derive(Default)]
struct Ledger {
    due: BTreeSet<(Timestamp, Key)>,
    known: HashMap<Key, (Timestamp, Revision)>,
    /// When it will next be looked what is due.
    next_look: Option<Timestamp>,
}

impl EventExpiry {
    pub fn new(ttl: Duration) -> Self {
        // What does not fit is longer than anybody waits.
        let ttl = SignedDuration::try_from(ttl).unwrap_or(SignedDuration::MAX);
        Self { ttl, queue: OnceLock::new(), ledger: Mutex::default() }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to it that the first Event that is due is looked at in time.
    fn look_again(&self, ledger: &mut Ledger, now: Timestamp) {
        let Some(first) = ledger.due.first().map(|(due, _)| *due) else { return };
        if ledger.next_look.is_none_or(|next| first < next)
            && let Some(queue) = self.queue.get()
        {
            ledger.next_look = Some(first);
            queue.remind(String::new(), Duration::try_from(first.duration_since(now)).unwrap_or_default());
        }
    }
}

impl Controller for EventExpiry {
    fn name(&self) -> &'static str {
        NAME
    }

    fn attach(&self, queue: &Queue) {
        self.queue.get_or_init(|| queue.clone());
    }

    fn keys(&self, change: &Change, world: &Informers) -> Vec<String> {
        if change.is(&event::DEF) {
            let mut ledger = self.ledger();
            ledger.forget(&change.key);
            if let Some(revision) = change.revision() {
                let now = world.api.now();
                // Nobody has seen when those were written that are there from the start.
                let written = if world.is_ready() { None } else { change.now().and_then(last_time) };
                let due = written.unwrap_or(now).checked_add(self.ttl).unwrap_or(Timestamp::MAX);
                ledger.due.insert((due, change.key.clone()));
                ledger.known.insert(change.key.clone(), (due, revision));
                self.look_again(&mut ledger, now);
            }
        }
        Vec::new()
    }

    fn reconcile<'a>(&'a self, _key: &'a str, world: &'a Informers) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let now = world.api.now();
            let expired = {
                let mut ledger = self.ledger();
                ledger.next_look = None;
                let expired = ledger.take_expired(now);
                self.look_again(&mut ledger, now);
                expired
            };
            for (key, revision) in expired {
                let target = Target::new(&event::DEF, key.namespace().unwrap_or_default(), key.name());
                let mut options = DeleteOptions::new(Caller::internal(NAME));
                options.preconditions.resource_version = Some(revision.to_string());
                match world.api.delete(&target, &options).await {
                    Ok(_) => {}
                    // It is gone already, or has been written again and is due later.
                    Err(status) if matches!(status.reason, Reason::NotFound | Reason::Conflict) => {}
                    Err(status) => return Err(status),
                }
            }
            Ok(())
        })
    }
}

impl Ledger {
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

/// The last time that an Event tells of.
fn last_time(event: &Value) -> Option<Timestamp> {
    let paths: [&[&str]; 4] =
        [&["lastTimestamp"], &["eventTime"], &["series", "lastObservedTime"], &["metadata", "creationTimestamp"]];
    paths.iter().filter_map(|path| meta::text(event, path).parse().ok()).max()
}
