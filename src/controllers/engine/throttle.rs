//! Slows down a key that its controller keeps writing for without coming to rest, as two controllers do that undo each
//! other's work. What clients change earns a key further writes, so a busy cluster is not slowed down.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How many reconciles in a row may write before a key is slowed down.
const FREE_WRITES: u64 = 200;
/// The first delay.
const DELAY_MIN: Duration = Duration::from_millis(5);
/// After how many further writes the delay doubles.
const WRITES_PER_DOUBLING: u64 = 10;
/// The longest delay.
const DELAY_MAX: Duration = Duration::from_secs(30);
/// A key with a delay of this length is said to be restless.
const RESTLESS_DELAY: Duration = Duration::from_secs(1);

/// How the keys of one controller come to rest.
#[derive(Default)]
pub struct Throttle(Mutex<HashMap<String, Streak>>);

/// Reconciles in a row that wrote something.
#[derive(Default)]
struct Streak {
    writes: u64,
    /// How many changes clients had made by then.
    client_changes: u64,
    is_restless: bool,
}

/// What comes of a reconcile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How long the key is not to be worked on.
    pub delay: Duration,
    /// Whether the key has just become restless.
    pub is_newly_restless: bool,
}

impl Throttle {
    /// Notes that a reconcile of the key wrote something or not, and how many changes clients have made so far.
    pub fn note(&self, key: &str, wrote: bool, client_changes: u64) -> Verdict {
        let mut streaks = self.streaks();
        if !wrote {
            streaks.remove(key);
            return Verdict::default();
        }
        let streak = streaks.entry(key.to_owned()).or_insert_with(|| Streak { client_changes, ..Streak::default() });
        let earned = client_changes.saturating_sub(streak.client_changes);
        streak.client_changes = streak.client_changes.max(client_changes);
        streak.writes = streak.writes.saturating_sub(earned) + 1;
        let Some(excess) = streak.writes.checked_sub(FREE_WRITES) else { return Verdict::default() };
        let doublings = u32::try_from(excess / WRITES_PER_DOUBLING).unwrap_or(u32::MAX).min(31);
        let delay = DELAY_MIN.saturating_mul(1 << doublings).min(DELAY_MAX);
        let was_restless = std::mem::replace(&mut streak.is_restless, delay >= RESTLESS_DELAY);
        Verdict { delay, is_newly_restless: streak.is_restless && !was_restless }
    }

    /// The keys that do not come to rest.
    pub fn restless(&self) -> Vec<String> {
        let streaks = self.streaks();
        let mut keys: Vec<_> = streaks.iter().filter(|(_, s)| s.is_restless).map(|(key, _)| key.clone()).collect();
        keys.sort_unstable();
        keys
    }

    fn streaks(&self) -> MutexGuard<'_, HashMap<String, Streak>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
