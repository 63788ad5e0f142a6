//! A work queue: keys that need attention, each at most once, with growing delays after failures. It can be paused, and
//! worked off key by key, by tests that want a stale world.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// First delay after a failure; it doubles with each further one.
const BACKOFF_MIN: Duration = Duration::from_millis(5);
/// Longest delay after failures.
const BACKOFF_MAX: Duration = Duration::from_secs(1000);
/// A key whose delay has grown to this keeps failing; nobody who waits for work to end waits for it.
const BACKOFF_AWAITED: Duration = Duration::from_secs(1);

/// A queue shared by a controller's event handlers and workers. A cheap handle.
#[derive(Clone, Default)]
pub struct WorkQueue(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    /// Notified when a key can be taken.
    ready: Notify,
    /// Notified whenever work on a key is over.
    finished: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<String>,
    /// Keys in `waiting`, and keys in work that changed since.
    dirty: HashSet<String>,
    in_work: HashSet<String>,
    failures: HashMap<String, u32>,
    /// How often each key was added with a delay that has not passed.
    delayed: HashMap<String, usize>,
    /// When keys are to be looked at again although nothing has changed.
    requeued: HashMap<String, Instant>,
    /// Keys that are not to be worked on before a time.
    resting: HashMap<String, Rest>,
    paused: bool,
    /// How many keys may be taken although the queue is paused.
    steps: usize,
}

/// Until when a key is not worked on.
struct Rest {
    until: Instant,
    /// Whether the key will be added then.
    is_scheduled: bool,
}

impl WorkQueue {
    /// Adds a key. One that is being worked on is worked on again afterwards.
    pub fn add(&self, key: String) {
        let mut state = self.state();
        if let Some(left) = state.rest(&key) {
            drop(state);
            if !left.is_zero() {
                self.add_after(key, left);
            }
            return;
        }
        if !state.dirty.insert(key.clone()) {
            return;
        }
        if !state.in_work.contains(&key) {
            state.waiting.push_back(key);
            self.0.ready.notify_one();
        }
    }

    /// Adds a key after a delay, which counts as work until then.
    pub fn add_after(&self, key: String, delay: Duration) {
        *self.state().delayed.entry(key.clone()).or_default() += 1;
        let queue = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            queue.add(key.clone());
            queue.state().delay_is_over(&key);
        });
    }

    /// Adds a key after a delay, unless it is due earlier already. The delay is not work: nobody who waits for work to
    /// end waits for it.
    pub fn requeue_after(&self, key: String, delay: Duration) {
        let at = Instant::now() + delay;
        {
            let mut state = self.state();
            if state.requeued.get(&key).is_some_and(|known| *known <= at) {
                return;
            }
            state.requeued.insert(key.clone(), at);
        }
        let queue = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep_until(at).await;
            let mut state = queue.state();
            if state.requeued.get(&key) == Some(&at) {
                state.requeued.remove(&key);
            }
            drop(state);
            queue.add(key);
        });
    }

    /// Adds a key after a failure, with a delay that doubles with each further one.
    pub fn add_rate_limited(&self, key: String) {
        let failures = {
            let mut state = self.state();
            let failures = state.failures.entry(key.clone()).or_default();
            *failures = failures.saturating_add(1);
            *failures
        };
        let delay = BACKOFF_MIN.saturating_mul(1 << (failures - 1).min(20)).min(BACKOFF_MAX);
        if delay < BACKOFF_AWAITED {
            self.add_after(key, delay);
        } else {
            self.requeue_after(key, delay);
        }
    }

    /// Forgets the failures of a key.
    pub fn forget(&self, key: &str) {
        self.state().failures.remove(key);
    }

    /// Takes a key to work on, waiting for one if there is none.
    pub async fn get(&self) -> String {
        loop {
            let ready = self.0.ready.notified();
            {
                let mut state = self.state();
                if let Some(key) = state.get() {
                    if !state.waiting.is_empty() {
                        self.0.ready.notify_one();
                    }
                    return key;
                }
            }
            ready.await;
        }
    }

    /// Work on a key is over. What changes meanwhile is worked on after `rest`, all at once.
    pub fn done(&self, key: &str, rest: Duration) {
        let mut state = self.state();
        state.in_work.remove(key);
        self.0.finished.notify_waiters();
        if !rest.is_zero() {
            let now = Instant::now();
            state.resting.retain(|_, rest| rest.until > now);
            state.resting.insert(key.to_owned(), Rest { until: now + rest, is_scheduled: false });
            if state.dirty.remove(key) {
                drop(state);
                self.add(key.to_owned());
            }
        } else if state.dirty.contains(key) {
            state.waiting.push_back(key.to_owned());
            self.0.ready.notify_one();
        }
    }

    /// Keys that need attention, are being worked on, or will be after a delay that counts as work: at most so many, none
    /// if there is no work.
    pub fn open(&self, max: usize) -> BTreeSet<String> {
        let state = self.state();
        state.dirty.iter().chain(&state.in_work).chain(state.delayed.keys()).take(max).cloned().collect()
    }

    /// Lets no more keys be taken until [`WorkQueue::resume`].
    pub fn pause(&self) {
        self.state().paused = true;
    }

    /// Ends a pause.
    pub fn resume(&self) {
        let mut state = self.state();
        (state.paused, state.steps) = (false, 0);
        drop(state);
        self.0.ready.notify_one();
    }

    /// Whether keys are held back.
    pub fn is_paused(&self) -> bool {
        self.state().paused
    }

    /// Lets a paused queue's first key be worked on, and returns it when that is done; `None` if no key waits.
    pub async fn step(&self) -> Option<String> {
        let key = {
            let mut state = self.state();
            let key = state.waiting.get(state.steps).cloned()?;
            state.steps += 1;
            key
        };
        self.0.ready.notify_one();
        loop {
            let finished = self.0.finished.notified();
            tokio::pin!(finished);
            finished.as_mut().enable();
            if !self.state().is_before(&key) {
                return Some(key);
            }
            finished.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn get(&mut self) -> Option<String> {
        if self.paused && self.steps == 0 {
            return None;
        }
        let key = self.waiting.pop_front()?;
        self.steps = self.steps.saturating_sub(1);
        self.dirty.remove(&key);
        self.in_work.insert(key.clone());
        Some(key)
    }

    /// How long the key has to rest before it may be added; zero if it will be added then anyway, `None` if it need not.
    fn rest(&mut self, key: &str) -> Option<Duration> {
        let rest = self.resting.get_mut(key)?;
        let left = rest.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            self.resting.remove(key);
            return None;
        }
        if rest.is_scheduled {
            return Some(Duration::ZERO);
        }
        rest.is_scheduled = true;
        Some(left)
    }

    /// Whether a key that a step lets through is still to be worked on.
    fn is_before(&self, key: &str) -> bool {
        self.in_work.contains(key) || (self.steps > 0 && self.waiting.iter().take(self.steps).any(|k| k == key))
    }

    fn delay_is_over(&mut self, key: &str) {
        if let Some(count) = self.delayed.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                self.delayed.remove(key);
            }
        }
    }
}
