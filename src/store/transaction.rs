//! What a client of the store asks for in one step, and what it gets back.

use std::{fmt, sync::Arc};

use crate::object::{Key, Revision};
use crate::store::{Body, Error, Stored};

/// How many operations a transaction may have: as many as in etcd (`--max-txn-ops`).
pub const OPS_MAX: usize = 128;
/// How many bytes a transaction may weigh: as many as a request to etcd (`--max-request-bytes`), whose writes are
/// transactions.
pub const TRANSACTION_BYTES_MAX: usize = 1536 << 10;
/// How many bytes its text may have, whatever the transaction weighs: JSON may be six times as long as what it says.
const TEXT_BYTES_MAX: usize = 6 * TRANSACTION_BYTES_MAX;

/// Operations that happen together or not at all. Operations are applied in order, each to the state the one before
/// left; then the releases, then the claims.
#[derive(Clone, Debug, Default)]
pub struct Transaction {
    /// Puts, deletes, amendments and checks.
    pub ops: Vec<Op>,
    /// Numbers to be had afterwards. Claiming what the same holder already has is fine.
    pub claims: Vec<Claim>,
    /// Numbers to be given back. Releasing what the holder does not have does nothing.
    pub releases: Vec<Claim>,
    /// What must hold beside what the store knows.
    pub guard: Option<Guard>,
}

/// A condition that the writer checks in the moment in which it checks the operations.
#[derive(Clone)]
pub struct Guard(Arc<dyn Fn() -> bool + Send + Sync>);

impl Guard {
    /// A condition; it must not wait.
    pub fn new(holds: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(holds))
    }

    /// Whether it holds now.
    pub(super) fn holds(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

/// Makes the next state of an object from the present one; the writer calls it, so it must be quick and not wait.
#[derive(Clone)]
pub struct Amendment(Arc<Amend>);

type Amend = dyn Fn(&Stored) -> Option<Body> + Send + Sync;

impl Amendment {
    /// What `amend` makes of an object. `None` is a mismatch: the object is not what the transaction expects.
    pub fn new(amend: impl Fn(&Stored) -> Option<Body> + Send + Sync + 'static) -> Self {
        Self(Arc::new(amend))
    }

    /// What becomes of the object.
    pub fn of(&self, current: &Stored) -> Option<Body> {
        (self.0)(current)
    }
}

impl fmt::Debug for Amendment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Amendment")
    }
}

/// One operation on one key.
#[derive(Clone, Debug)]
pub enum Op {
    /// Writes an object, at a revision of its own.
    Put {
        /// Where.
        key: Key,
        /// What must be there.
        expect: Expect,
        /// The new state.
        body: Body,
    },
    /// Deletes an object, at a revision of its own. Deleting what is not there is a mismatch, whatever was expected.
    Delete {
        /// Where.
        key: Key,
        /// What must be there.
        expect: Expect,
    },
    /// Writes what is made of the object that is there, at a revision of its own. So writers that each add their part to
    /// an object do not conflict.
    Amend {
        /// Where.
        key: Key,
        /// What is made of it.
        amendment: Amendment,
    },
    /// Changes nothing, but lets the transaction fail.
    Check {
        /// Where.
        key: Key,
        /// What must be there.
        expect: Expect,
    },
}

/// What an operation expects under its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Anything or nothing.
    Any,
    /// Nothing.
    Absent,
    /// Any object.
    Present,
    /// The object as it was written at this revision.
    At(Revision),
}

/// A number of a pool, and who shall have it or has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Claim {
    /// The pool; numbers of different pools have nothing to do with each other.
    pub pool: &'static str,
    /// The number.
    pub number: u128,
    /// The holder; only equality matters.
    pub holder: String,
}

/// What a transaction did.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The revision of the last change; the newest revision if nothing was changed.
    pub revision: Revision,
    /// One per operation: what a put or an amendment wrote, what a delete deleted (with the deletion's revision), what a check found.
    /// A check that found nothing yields empty bytes at revision 0.
    pub results: Vec<Arc<Stored>>,
}

impl Transaction {
    /// Refuses what is too large; returns how many bytes it takes while it waits.
    pub(super) fn check_size(&self) -> Result<u32, Error> {
        let ops = self.ops.len().max(self.claims.len()).max(self.releases.len());
        if ops > OPS_MAX {
            return Err(Error::TooManyOps { ops });
        }
        let keys: usize = self.ops.iter().map(|op| op.key().as_str().len()).sum();
        let bodies = || self.ops.iter().filter_map(Op::body);
        let weight = keys + bodies().map(|body| body.weight).sum::<usize>();
        let text = keys + bodies().map(|body| body.bytes.len()).sum::<usize>();
        if weight > TRANSACTION_BYTES_MAX || text > TEXT_BYTES_MAX {
            return Err(Error::TooLarge { bytes: weight.max(text) });
        }
        Ok(text.try_into().unwrap_or(u32::MAX))
    }
}

impl Op {
    /// What a put writes.
    fn body(&self) -> Option<&Body> {
        match self {
            Self::Put { body, .. } => Some(body),
            Self::Delete { .. } | Self::Amend { .. } | Self::Check { .. } => None,
        }
    }

    /// The key it is about.
    pub fn key(&self) -> &Key {
        match self {
            Self::Put { key, .. } | Self::Delete { key, .. } | Self::Amend { key, .. } | Self::Check { key, .. } => key,
        }
    }

    /// What it expects under its key.
    pub fn expect(&self) -> Expect {
        match self {
            Self::Put { expect, .. } | Self::Delete { expect, .. } | Self::Check { expect, .. } => *expect,
            Self::Amend { .. } => Expect::Present,
        }
    }
}

impl Expect {
    /// Whether the current state is the expected one.
    pub fn holds(self, current: Option<&Stored>) -> bool {
        match self {
            Self::Any => true,
            Self::Absent => current.is_none(),
            Self::Present => current.is_some(),
            Self::At(revision) => current.is_some_and(|stored| stored.revision() == revision),
        }
    }
}
