//! The seam behind which a log is kept. The store checks transactions in memory and shows them to readers; a backend
//! puts them in order with those of other writers and keeps them.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::object::{Key, Revision};
pub use crate::store::history::Obsolete;
use crate::store::{Error, Event, Stored, state::Holders};

/// Keeps a log. One writer task owns it and calls one method at a time.
///
/// Revisions never decrease in the order of the log. They may have gaps, and several changes may share one.
pub trait Backend: Send + 'static {
    /// History is complete after this revision; `None` for a log that was never written to.
    fn compacted(&mut self) -> Task<'_, Option<Revision>>;

    /// Reads what was appended after the revision by anybody, in order, in pieces bounded in bytes, and calls for each.
    /// Readers see the pieces of one call together.
    fn read<'a>(&'a mut self, after: Revision, each: &'a mut Each<'_>) -> Task<'a, ()>;

    /// Appends a batch as a whole or not at all. After an error, too, it may turn out to have been appended: then the
    /// next batch, whose writer does not know of it, is [`Appended::Behind`].
    fn append<'a>(&'a mut self, batch: &'a Batch) -> Task<'a, Appended>;

    /// Returns when another writer has appended something after the revision. It may be dropped at any time.
    fn follow(&mut self, _after: Revision) -> Task<'_, ()> {
        Box::pin(std::future::pending())
    }

    /// Notes that history is only complete after the revision, and drops what nobody needs then.
    fn compact<'a>(&'a mut self, compacted: Revision, obsolete: &'a [Obsolete]) -> Task<'a, ()>;

    /// Called from time to time while there is nothing to write.
    fn rest(&mut self) -> Task<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Keeps nothing more and releases what it holds.
    fn close(&mut self) -> Task<'_, ()>;
}

/// What a backend's method returns.
pub type Task<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// What [`Backend::read`] calls for each piece.
pub type Each<'a> = dyn FnMut(Piece) -> Result<(), Error> + Send + 'a;

/// Changes for the log, all or none.
#[derive(Default)]
pub struct Batch {
    /// The newest revision that the writer knew when it checked the changes. They must not be appended if there is a
    /// newer one.
    pub after: Revision,
    /// Changes of objects, each with the revision that the writer proposes for it.
    pub events: Vec<Arc<Event>>,
    /// Changes of holders.
    pub holders: Holders,
}

impl Batch {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.holders.is_empty()
    }
}

/// What became of a batch.
#[derive(Debug, PartialEq, Eq)]
pub enum Appended {
    /// It was appended with the proposed revisions.
    AsProposed,
    /// It was appended with these revisions instead, one for each event.
    At(Vec<Revision>),
    /// Another writer was first and nothing was appended: what came after [`Batch::after`] must be read, and the
    /// transactions be checked again.
    Behind,
}

/// A part of what a log holds.
#[derive(Default)]
pub struct Piece {
    /// Changes of objects in order.
    pub entries: Vec<Entry>,
    /// Who has which number now.
    pub holders: Vec<Holder>,
    /// Whether `holders` begins a complete account: numbers that neither this piece nor a later one names are free.
    pub all_holders: bool,
}

/// One change of one object as a log has it.
#[derive(Debug)]
pub struct Entry {
    /// When in the order of all changes.
    pub revision: Revision,
    /// Which object.
    pub key: Key,
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
    /// What the object became; `None` if it was deleted.
    pub object: Option<Arc<Stored>>,
}

/// Who has a number of a pool.
#[derive(Debug)]
pub struct Holder {
    /// The pool.
    pub pool: Arc<str>,
    /// The number in the pool.
    pub number: u128,
    /// Who has it; `None` if it is free.
    pub holder: Option<Arc<str>>,
}
