//! Which Events are written when many are recorded: similar ones become one with a count, and a flood about one object is
//! cut off, by the rules that clients of Kubernetes follow.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

/// From how many different messages on similar Events become one.
const SIMILAR_MAX: usize = 10;
/// Messages are similar if there is no longer pause between them.
const SIMILAR_INTERVAL: SignedDuration = SignedDuration::from_secs(600);
/// How many Events a component may record about one object at once.
const BURST: f64 = 25.0;
/// How many seconds pass until it may record one more.
const SECONDS_PER_EVENT: f64 = 300.0;
/// How many objects are remembered.
const ENTRIES_MAX: usize = 4096;

/// What begins the message of an Event that stands for similar ones.
const COMBINED: &str = "(combined from similar events): ";

/// What has been recorded lately.
#[derive(Default)]
pub struct Correlator {
    similar: HashMap<String, Similar>,
    budgets: HashMap<String, Budget>,
}

/// Messages that differ only in their text.
struct Similar {
    messages: HashSet<String>,
    last: Timestamp,
}

/// How many Events may still be recorded.
struct Budget {
    left: f64,
    last: Timestamp,
}

impl Correlator {
    /// The message to write, and whether it stands for similar ones; `None` if there are too many. `source` names the
    /// component and the object, `topic` also the type and the reason.
    pub fn correlate(&mut self, source: &str, topic: &str, message: &str, now: Timestamp) -> Option<(String, bool)> {
        let message = self.aggregate(topic, message, now);
        self.spend(source, now).then_some(message)
    }

    fn aggregate(&mut self, topic: &str, message: &str, now: Timestamp) -> (String, bool) {
        bound(&mut self.similar, |entry| now.duration_since(entry.last) <= SIMILAR_INTERVAL);
        let new = || Similar { messages: HashSet::new(), last: now };
        let entry = self.similar.entry(topic.to_owned()).or_insert_with(new);
        if now.duration_since(entry.last) > SIMILAR_INTERVAL {
            entry.messages.clear();
        }
        entry.last = now;
        if entry.messages.len() < SIMILAR_MAX || entry.messages.contains(message) {
            entry.messages.insert(message.to_owned());
        }
        if entry.messages.len() < SIMILAR_MAX {
            return (message.to_owned(), false);
        }
        (format!("{COMBINED}{message}"), true)
    }

    fn spend(&mut self, source: &str, now: Timestamp) -> bool {
        bound(&mut self.budgets, |entry| now.duration_since(entry.last).as_secs_f64() < BURST * SECONDS_PER_EVENT);
        let new = || Budget { left: BURST, last: now };
        let budget = self.budgets.entry(source.to_owned()).or_insert_with(new);
        let passed = now.duration_since(budget.last).as_secs_f64().max(0.0);
        budget.left = (budget.left + passed / SECONDS_PER_EVENT).min(BURST);
        budget.last = now;
        if budget.left < 1.0 {
            return false;
        }
        budget.left -= 1.0;
        true
    }
}

/// Forgets what does not matter any more if there is too much, and everything if that does not help.
fn bound<T>(entries: &mut HashMap<String, T>, matters: impl Fn(&T) -> bool) {
    if entries.len() >= ENTRIES_MAX {
        entries.retain(|_, entry| matters(entry));
    }
    if entries.len() >= ENTRIES_MAX {
        entries.clear();
    }
}
