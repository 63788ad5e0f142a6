//! A work queue: keys that need attention, each at most once, with growing delays after failures. It can be paused, and
//! worked off key by key, by tests that want a stale world.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// First delay after a failure; it doubles with each further one.
const RETRY_DELAY_MIN: Duration = Duration::from_millis(5);
/// Longest delay after failures.
const RETRY_DELAY_MAX: Duration = Duration::from_secs(30);
/// Work that has failed until its delay is as long as this will not be done by waiting.
const HOPELESS_DELAY: Duration = Duration::from_secs(1);

/// A queue shared by a controller's event handlers and workers. A cheap handle.
#[derive(Clone, Default)]
pub struct Queue(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    bell: Notify,
    /// Rung whenever work on a key is over.
    finished: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<String>,
    /// Keys in `waiting`, or in work and dirty again.
    dirty: HashSet<String>,
    in_work: HashSet<String>,
    failures: HashMap<String, u32>,
    /// Keys that become dirty when a delay has passed.
    delayed: HashMap<String, usize>,
    /// When keys become dirty without anybody waiting for it.
    reminders: HashMap<String, Instant>,
    paused: bool,
    /// How many keys may be taken although the queue is paused.
    steps: usize,
}

impl Queue {
    /// Marks a key dirty. One that is being worked on is worked on again afterwards.
    pub fn add(&self, key: String) {
        let mut state = self.state();
        if !state.dirty.insert(key.clone()) {
            return;
        }
        if !state.in_work.contains(&key) {
            state.waiting.push_back(key);
            self.0.bell.notify_one();
        }
    }

    /// Takes a key to work on, waiting for one if there is none.
    pub async fn take(&self) -> String {
        loop {
            let bell = self.0.bell.notified();
            {
                let mut state = self.state();
                if let Some(key) = state.take() {
                    if !state.waiting.is_empty() {
                        self.0.bell.notify_one();
                    }
                    return key;
                }
            }
            bell.await;
        }
    }

    /// Work on a key is over; after a failure it is due again once the delay has passed.
    pub fn done(&self, key: &str, succeeded: bool) {
        let mut state = self.state();
        state.in_work.remove(key);
        self.0.finished.notify_waiters();
        if state.dirty.contains(key) {
            state.waiting.push_back(key.to_owned());
            self.0.bell.notify_one();
        }
        if succeeded {
            state.failures.remove(key);
            return;
        }
        let failures = state.failures.entry(key.to_owned()).or_default();
        *failures = failures.saturating_add(1);
        let delay = RETRY_DELAY_MIN.saturating_mul(1 << (*failures - 1).min(20)).min(RETRY_DELAY_MAX);
        drop(state);
        if delay < HOPELESS_DELAY {
            self.add_after(key.to_owned(), delay);
        } else {
            self.remind(key.to_owned(), delay);
        }
    }

    /// Marks a key dirty after a delay; until then the queue has work.
    pub fn add_after(&self, key: String, delay: Duration) {
        *self.state().delayed.entry(key.clone()).or_default() += 1;
        let queue = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            queue.add(key.clone());
            queue.state().due(&key);
        });
    }

    /// Marks a key dirty after a delay, or earlier if that is to happen anyway. Nobody who waits for work to end waits
    /// for that.
    pub fn remind(&self, key: String, delay: Duration) {
        let at = Instant::now() + delay;
        {
            let mut state = self.state();
            if state.reminders.get(&key).is_some_and(|known| *known <= at) {
                return;
            }
            state.reminders.insert(key.clone(), at);
        }
        let queue = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep_until(at).await;
            let mut state = queue.state();
            if state.reminders.get(&key) == Some(&at) {
                state.reminders.remove(&key);
            }
            drop(state);
            queue.add(key);
        });
    }

    /// Keys that need attention, are being worked on, or will be after a delay: at most so many, none if there is no work.
    pub fn open(&self, max: usize) -> BTreeSet<String> {
        let state = self.state();
        state.dirty.iter().chain(&state.in_work).chain(state.delayed.keys()).take(max).cloned().collect()
    }

    /// Lets no more keys be taken until [`Queue::resume`].
    pub fn pause(&self) {
        self.state().paused = true;
    }

    /// Ends a pause.
    pub fn resume(&self) {
        let mut state = self.state();
        (state.paused, state.steps) = (false, 0);
        drop(state);
        self.0.bell.notify_one();
    }

    /// Whether keys are held back.
    pub fn is_paused(&self) -> bool {
        self.state().paused
    }

    /// Lets a paused queue's first key be worked on, and answers it when that is done; `None` if no key waits.
    pub async fn step(&self) -> Option<String> {
        let key = {
            let mut state = self.state();
            let key = state.waiting.get(state.steps).cloned()?;
            state.steps += 1;
            key
        };
        self.0.bell.notify_one();
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
    fn take(&mut self) -> Option<String> {
        if self.paused && self.steps == 0 {
            return None;
        }
        let key = self.waiting.pop_front()?;
        self.steps = self.steps.saturating_sub(1);
        self.dirty.remove(&key);
        self.in_work.insert(key.clone());
        Some(key)
    }

    /// Whether a key that a step lets through is still to be worked on.
    fn is_before(&self, key: &str) -> bool {
        self.in_work.contains(key) || (self.steps > 0 && self.waiting.iter().take(self.steps).any(|k| k == key))
    }

    fn due(&mut self, key: &str) {
        if let Some(count) = self.delayed.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                self.delayed.remove(key);
            }
        }
    }
}
