//! Delays in a fixed amount of memory, however many there are.

use std::time::Duration;

/// Each power of two is split into this many buckets, so a reading is at most 1/64 too high.
const BUCKETS_PER_OCTAVE: usize = 64;
const BUCKET_BITS: u32 = BUCKETS_PER_OCTAVE.trailing_zeros();

/// Delays from one nanosecond to 2^40 (18 minutes); longer ones land in the last bucket.
const BUCKETS: usize = (40 - BUCKET_BITS as usize + 1) * BUCKETS_PER_OCTAVE;

/// How often each delay was seen.
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: Duration,
}

impl Histogram {
    /// Nothing seen yet.
    pub fn new() -> Histogram {
        Histogram { counts: vec![0; BUCKETS], total: 0, max: Duration::ZERO }
    }

    /// Counts one delay.
    pub fn record(&mut self, delay: Duration) {
        self.counts[bucket_of(delay.as_nanos() as u64)] += 1;
        self.total += 1;
        self.max = self.max.max(delay);
    }

    /// Adds what another has seen.
    pub fn merge(&mut self, other: &Histogram) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    /// How many delays were counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The longest delay, exactly.
    pub fn max(&self) -> Duration {
        self.max
    }

    /// The delay that `fraction` of all delays did not exceed.
    pub fn quantile(&self, fraction: f64) -> Duration {
        let rank = (self.total as f64 * fraction).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if *count > 0 && seen >= rank {
                return Duration::from_nanos(upper_end(bucket)).min(self.max);
            }
        }
        self.max
    }
}

fn bucket_of(nanos: u64) -> usize {
    if nanos < BUCKETS_PER_OCTAVE as u64 {
        return nanos as usize;
    }
    let shift = nanos.ilog2() - BUCKET_BITS;
    let within = (nanos >> shift) as usize - BUCKETS_PER_OCTAVE;
    ((shift as usize + 1) * BUCKETS_PER_OCTAVE + within).min(BUCKETS - 1)
}

fn upper_end(bucket: usize) -> u64 {
    if bucket < BUCKETS_PER_OCTAVE {
        return bucket as u64;
    }
    let shift = bucket / BUCKETS_PER_OCTAVE - 1;
    let within = (bucket % BUCKETS_PER_OCTAVE + BUCKETS_PER_OCTAVE) as u64;
    ((within + 1) << shift) - 1
}
