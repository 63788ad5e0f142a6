//! How a store is opened.

use std::{path::PathBuf, time::Duration};

use crate::{
    object::Revision,
    store::clock::{self, Clock},
};

/// What a store needs to know from its opener.
#[derive(Clone)]
pub struct Options {
    /// Where the log is.
    pub data: Data,
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// The revision of a store to which nothing was ever written; what is older counts as compacted.
    pub first: Revision,
    /// How much history is kept for watches and for reads at a revision.
    pub history: History,
    /// Tells the time; only the age of history depends on it.
    pub clock: Clock,
}

/// Where the log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// Nowhere: all is lost when the store is closed.
    Memory,
    /// In this SQLite file, which is made if it does not exist.
    File(PathBuf),
}

/// When an acknowledged write is on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Durability {
    /// Before it is acknowledged: it survives a power cut
    #[default]
    Full,
    /// It survives the end of this process, but perhaps not a power cut
    Normal,
    /// Whenever the system likes
    Off,
}

/// How much history is kept. An event that is beyond one of the bounds is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// The greatest age of an event.
    pub age: Duration,
    /// The greatest number of events.
    pub events: usize,
    /// The greatest number of bytes that they take together.
    pub bytes: usize,
}

impl Options {
    /// A store without a file, with the first revision of etcd, the default history and the system's clock.
    pub fn memory() -> Self {
        Self {
            data: Data::Memory,
            durability: Durability::default(),
            first: Revision(1),
            history: History::default(),
            clock: clock::system(),
        }
    }

    /// A store in this file, with full durability, the default history and the system's clock.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { data: Data::File(path.into()), ..Self::memory() }
    }
}

impl Default for History {
    fn default() -> Self {
        Self { age: Duration::from_secs(5 * 60), events: 100_000, bytes: 256 << 20 }
    }
}
