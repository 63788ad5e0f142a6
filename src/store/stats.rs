//! Numbers about a store, for metrics.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use crate::object::Revision;

/// The numbers at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// The newest revision.
    pub revision: Revision,
    /// History is complete after this revision.
    pub oldest: Revision,
    /// Live objects.
    pub objects: usize,
    /// Events in the history.
    pub window: usize,
    /// Open cursors.
    pub watchers: usize,
    /// Transactions that were committed.
    pub committed: u64,
    /// Transactions that were refused because of an expectation or a claim.
    pub rejected: u64,
    /// Transactions that could not be written.
    pub failed: u64,
    /// Batches that were written.
    pub batches: u64,
    /// How many batches had at most so many transactions: 1, 2, 4, … up to the greatest batch. Not cumulative.
    pub batch_sizes: [(usize, u64); BATCH_BUCKETS],
    /// The time that was spent on writing batches.
    pub writing: Duration,
}

/// The number of buckets of [`Stats::batch_sizes`].
pub const BATCH_BUCKETS: usize = 9;

/// The same, while counting.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) committed: AtomicU64,
    pub(super) rejected: AtomicU64,
    pub(super) failed: AtomicU64,
    batch_sizes: [AtomicU64; BATCH_BUCKETS],
    writing_micros: AtomicU64,
}

impl Counters {
    /// Counts a batch of so many transactions, written in this time.
    pub(super) fn batch(&self, transactions: usize, time: Duration) {
        let bucket = transactions.max(1).next_power_of_two().ilog2() as usize;
        self.batch_sizes[bucket.min(BATCH_BUCKETS - 1)].fetch_add(1, Relaxed);
        self.writing_micros.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    /// The counts, beside zeros for what is not counted.
    pub(super) fn stats(&self) -> Stats {
        let batch_sizes = std::array::from_fn(|bucket| (1 << bucket, self.batch_sizes[bucket].load(Relaxed)));
        Stats {
            revision: Revision::default(),
            oldest: Revision::default(),
            objects: 0,
            window: 0,
            watchers: 0,
            committed: self.committed.load(Relaxed),
            rejected: self.rejected.load(Relaxed),
            failed: self.failed.load(Relaxed),
            batches: batch_sizes.iter().map(|(_, count)| count).sum(),
            batch_sizes,
            writing: Duration::from_micros(self.writing_micros.load(Relaxed)),
        }
    }
}
