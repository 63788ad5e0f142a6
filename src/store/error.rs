//! What can go wrong in the store.

use std::{path::PathBuf, sync::Arc};

use crate::object::{Key, Revision};
use crate::store::Stored;

/// What stands in the way of writing to a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFailure {
    /// There is no space left.
    DiskFull,
    /// The log may only be read.
    ReadOnly,
    /// It is not known what of the latest writes is on the disk.
    Unsynced,
    /// Something else.
    Other,
}

/// Why the store did not do what was asked. After any of these its state is as it was before.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// An operation's expectation does not hold.
    #[error("operation {op} expected another state of {key}")]
    Mismatch {
        /// Which operation of the transaction, counted from zero.
        op: usize,
        /// The key that it is about.
        key: Key,
        /// What is there instead.
        current: Option<Arc<Stored>>,
    },
    /// The transaction's guard does not hold.
    #[error("the transaction may not be done any more")]
    Guarded,
    /// Another holder has the number.
    #[error("{number} of pool {pool} is held by {holder}")]
    Held {
        /// The pool.
        pool: &'static str,
        /// The number in the pool.
        number: u128,
        /// Who has it.
        holder: String,
    },
    /// The revision is older than the history that is kept.
    #[error("history is only kept after revision {oldest}")]
    Compacted {
        /// History is complete after this revision.
        oldest: Revision,
    },
    /// The revision has not happened yet.
    #[error("the newest revision is {current}")]
    Future {
        /// The newest revision.
        current: Revision,
    },
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
    /// The store has ended without having been asked to.
    #[error("the store has ended: {why}")]
    Ended {
        /// What happened.
        why: String,
    },
    /// The transaction has more operations than [`OPS_MAX`](crate::store::OPS_MAX).
    #[error("a transaction of {ops} operations is too large")]
    TooManyOps {
        /// How many.
        ops: usize,
    },
    /// The transaction weighs more than [`TRANSACTION_BYTES_MAX`](crate::store::TRANSACTION_BYTES_MAX).
    #[error("a transaction of {bytes} bytes is too large")]
    TooLarge {
        /// How much.
        bytes: usize,
    },
    /// The log could not be written; the transaction may be tried again.
    #[error("cannot {step}: {cause}")]
    Log {
        /// What was being done.
        step: &'static str,
        /// What stands in the way.
        kind: LogFailure,
        /// The database's words.
        cause: String,
    },
    /// Another process has the file open.
    #[error("{} is in use by another process", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a log of this program.
    #[error("{} is not a kubedouble data file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version of this program.
    #[error("{} has format {found}, but this version knows formats up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The file's format.
        found: i64,
        /// The newest format that this version can read.
        known: i64,
    },
    /// The directory that should hold the file does not exist.
    #[error("directory {} does not exist", directory.display())]
    NoDirectory {
        /// The directory.
        directory: PathBuf,
    },
    /// What the log holds contradicts itself.
    #[error("the log is damaged: {what}")]
    Contradiction {
        /// What is wrong.
        what: String,
    },
    /// The file's content is not what was written.
    #[error("{} is damaged: {what}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The file cannot be opened, read or prepared.
    #[error("cannot open {}: {cause}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's or the database's words.
        cause: String,
    },
}
