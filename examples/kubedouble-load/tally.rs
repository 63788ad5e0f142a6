//! What one worker saw, and how the workers' tallies add up.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use crate::client::{Failure, Reply};
use crate::histogram::Histogram;

/// What one worker saw.
pub struct Tally {
    /// Delays of the requests that succeeded.
    pub delays: Histogram,
    /// Delays until the first byte of the body.
    pub first_bytes: Histogram,
    /// Bytes of the bodies received.
    pub bytes: u64,
    /// What did not succeed.
    pub errors: Errors,
    /// When the first measured request was sent.
    pub started: Instant,
    /// When the last answer was read.
    pub ended: Instant,
}

impl Tally {
    /// Nothing seen yet.
    pub fn new() -> Tally {
        let now = Instant::now();
        let (delays, first_bytes) = (Histogram::new(), Histogram::new());
        Tally { delays, first_bytes, bytes: 0, errors: Errors::default(), started: now, ended: now }
    }

    /// Counts one request's outcome.
    pub fn record(&mut self, delay: Duration, outcome: &Result<Reply, Failure>) {
        match outcome {
            Ok(reply) if reply.status.is_success() => {
                self.delays.record(delay);
                self.first_bytes.record(reply.first_byte);
                self.bytes += reply.bytes;
            }
            Ok(reply) => self.errors.add(reply.status.as_str(), || reply.message()),
            Err(failure) => self.errors.add("connection", || failure.to_string()),
        }
        self.ended = Instant::now();
    }

    /// Adds what another worker saw.
    pub fn merge(&mut self, other: &Tally) {
        self.delays.merge(&other.delays);
        self.first_bytes.merge(&other.first_bytes);
        self.bytes += other.bytes;
        self.errors.merge(&other.errors);
        self.started = self.started.min(other.started);
        self.ended = self.ended.max(other.ended);
    }

    /// From the first request to the last answer.
    pub fn elapsed(&self) -> Duration {
        self.ended - self.started
    }
}

/// Errors by status code, each with the first message seen.
#[derive(Clone, Default)]
pub struct Errors(BTreeMap<String, (u64, String)>);

impl Errors {
    /// Counts one error.
    pub fn add(&mut self, kind: &str, message: impl FnOnce() -> String) {
        self.add_many(kind, 1, message);
    }

    /// Counts several errors of a kind.
    pub fn add_many(&mut self, kind: &str, count: u64, message: impl FnOnce() -> String) {
        match self.0.get_mut(kind) {
            Some((seen, _)) => *seen += count,
            None => {
                self.0.insert(kind.to_owned(), (count, message()));
            }
        }
    }

    /// Whether nothing went wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Kind, count and first message of each.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64, &str)> {
        self.0.iter().map(|(kind, (count, message))| (kind.as_str(), *count, message.as_str()))
    }

    fn merge(&mut self, other: &Errors) {
        for (kind, count, message) in other.iter() {
            self.add_many(kind, count, || message.to_owned());
        }
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("no errors");
        }
        for (at, (kind, count, message)) in self.iter().enumerate() {
            let separator = if at > 0 { ", " } else { "" };
            write!(f, "{separator}{count} x {kind} ({message})")?;
        }
        Ok(())
    }
}
