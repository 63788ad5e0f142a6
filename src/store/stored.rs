//! One state of one object: its JSON, ready to send, with the revision inside.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;

use crate::object::{Facts, Revision};

/// An object's JSON before it has a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The JSON text, without the digits of the revision.
    pub bytes: Bytes,
    /// Where in the text the digits belong, e.g. between the quotes of `"resourceVersion":""`.
    pub at: usize,
    /// The facts of the object, if whoever made the text had it at hand.
    pub facts: Option<Arc<Facts>>,
}

/// An object as it was written at a revision.
pub struct Stored {
    bytes: Bytes,
    hole: usize,
    revision: Revision,
    facts: OnceLock<Arc<Facts>>,
}

impl Body {
    /// A text and the place of the digits in it. A place behind the end means the end.
    pub fn new(bytes: impl Into<Bytes>, at: usize) -> Self {
        let bytes = bytes.into();
        let at = at.min(bytes.len());
        Self { bytes, at, facts: None }
    }
}

impl Stored {
    /// The body with the revision in its hole.
    pub fn new(body: &Body, revision: Revision) -> Self {
        let hole = body.at.min(body.bytes.len());
        let bytes = splice(&body.bytes[..hole], revision, &body.bytes[hole..]);
        let facts = body.facts.clone().map_or_else(OnceLock::new, OnceLock::from);
        Self { bytes, hole, revision, facts }
    }

    /// The complete JSON text.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The revision at which this state was written.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The same text with another revision in it.
    pub fn with_revision(&self, revision: Revision) -> Bytes {
        splice(&self.bytes[..self.hole], revision, &self.bytes[self.hole + digits(self.revision)..])
    }

    /// The object's facts: those its writer gave, or else what the given function derives, once, from the text.
    pub fn facts(&self, derive: impl FnOnce(&[u8]) -> Facts) -> &Facts {
        self.facts.get_or_init(|| Arc::new(derive(&self.bytes)))
    }

    /// Stands for "nothing there" in the results of a transaction.
    pub(super) fn absent() -> Self {
        Self::read(Bytes::new(), 0, Revision(0))
    }

    /// The state that a deletion at this revision announces.
    pub(super) fn deleted_at(&self, revision: Revision) -> Self {
        Self::read(self.with_revision(revision), self.hole, revision)
    }

    /// A state as the log has it: with the revision already inside.
    pub(super) fn read(bytes: Bytes, hole: usize, revision: Revision) -> Self {
        Self { bytes, hole, revision, facts: OnceLock::new() }
    }

    /// Where the digits of the revision begin.
    pub(super) fn hole(&self) -> usize {
        self.hole
    }

    /// Whether the hole lies in the text and holds the revision.
    pub(super) fn is_sound(&self) -> bool {
        self.bytes.get(self.hole..).is_some_and(|rest| rest.starts_with(self.revision.to_string().as_bytes()))
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", String::from_utf8_lossy(&self.bytes), self.revision)
    }
}

fn splice(before: &[u8], revision: Revision, after: &[u8]) -> Bytes {
    let digits = revision.to_string();
    let mut text = Vec::with_capacity(before.len() + digits.len() + after.len());
    text.extend_from_slice(before);
    text.extend_from_slice(digits.as_bytes());
    text.extend_from_slice(after);
    text.into()
}

fn digits(revision: Revision) -> usize {
    revision.0.checked_ilog10().map_or(1, |log| log as usize + 1)
}
