//! Whether the store can do its work.

use std::fmt;

use crate::store::{Error, LogFailure};

/// What the writer last experienced. Reads work in every state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Writes work.
    Ok,
    /// Writes fail until there is space on the disk.
    DiskFull {
        /// The log's words.
        why: String,
    },
    /// Writes fail because the log may only be read.
    ReadOnly {
        /// The log's words.
        why: String,
    },
    /// Writes fail for another reason, and are tried again.
    Failing {
        /// The log's words.
        why: String,
    },
    /// The writer has ended; the process should end, too.
    Ended {
        /// What happened.
        why: String,
    },
}

impl Health {
    /// Whether there is still a writer: whether the process should go on.
    pub fn is_alive(&self) -> bool {
        !matches!(self, Self::Ended { .. })
    }

    /// Whether writes work: whether the process should be sent requests.
    pub fn is_ok(&self) -> bool {
        *self == Self::Ok
    }

    /// What an outcome of writing says about it; `None` if it says nothing.
    pub(super) fn after<T>(outcome: &Result<T, Error>) -> Option<Self> {
        match outcome {
            Ok(_) => Some(Self::Ok),
            Err(error @ Error::Log { kind, .. }) => {
                let why = error.to_string();
                Some(match kind {
                    LogFailure::DiskFull => Self::DiskFull { why },
                    LogFailure::ReadOnly => Self::ReadOnly { why },
                    LogFailure::Unsynced | LogFailure::Other => Self::Failing { why },
                })
            }
            Err(_) => None,
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::DiskFull { why } => write!(f, "the disk is full: {why}"),
            Self::ReadOnly { why } => write!(f, "the log is read-only: {why}"),
            Self::Failing { why } => write!(f, "writes fail: {why}"),
            Self::Ended { why } => write!(f, "the store has ended: {why}"),
        }
    }
}
