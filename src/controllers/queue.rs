//! A work queue: keys that need attention, each at most once, with growing delays after failures.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

/// First delay after a failure; it doubles with each further one.
const RETRY_DELAY_MIN: Duration = Duration::from_millis(5);
/// Longest delay after failures.
const RETRY_DELAY_MAX: Duration = Duration::from_secs(30);

/// A queue shared by a controller's event handlers and workers. A cheap handle.
#[derive(Clone, Default)]
pub(super) struct Queue(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    bell: Notify,
    /// Rung when nothing is waiting or in work.
    idle: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<String>,
    /// Keys in `waiting`, or in work and dirty again.
    dirty: HashSet<String>,
    in_work: HashSet<String>,
    failures: HashMap<String, u32>,
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
                if let Some(key) = state.waiting.pop_front() {
                    state.dirty.remove(&key);
                    state.in_work.insert(key.clone());
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
        if state.dirty.contains(key) {
            state.waiting.push_back(key.to_owned());
            self.0.bell.notify_one();
        }
        if state.waiting.is_empty() && state.in_work.is_empty() {
            self.0.idle.notify_waiters();
        }
        if succeeded {
            state.failures.remove(key);
            return;
        }
        let failures = state.failures.entry(key.to_owned()).or_default();
        *failures = failures.saturating_add(1);
        let delay = RETRY_DELAY_MIN.saturating_mul(1 << (*failures - 1).min(20)).min(RETRY_DELAY_MAX);
        drop(state);
        let (queue, key) = (self.clone(), key.to_owned());
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            queue.add(key);
        });
    }

    /// Whether nothing is waiting or in work.
    pub fn is_idle(&self) -> bool {
        let state = self.state();
        state.waiting.is_empty() && state.in_work.is_empty()
    }

    /// Waits until nothing is waiting or in work.
    pub async fn idle(&self) {
        loop {
            let rung = self.0.idle.notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            if self.is_idle() {
                return;
            }
            rung.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
