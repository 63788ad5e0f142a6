//! One state of one object: its JSON, ready to send, with the revision inside.

use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use bytes::Bytes;
use tokio::sync::OnceCell;

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
    /// What it counts for where transactions are bounded. That may be less than the length of the text: etcd has shorter
    /// forms of the same object, and its limits are about those.
    pub weight: usize,
}

/// Other forms of an object that are kept beside it. Of more, the one that was asked for first is made anew.
const FORMS_MAX: usize = 8;

/// An object as it was written at a revision.
pub struct Stored {
    bytes: Bytes,
    hole: usize,
    revision: Revision,
    facts: OnceLock<Arc<Facts>>,
    /// Made for the first of them, since most objects have none.
    forms: OnceLock<Box<Forms>>,
}

/// Other forms of an object, each under a number that says what form it is.
type Forms = Mutex<Vec<(u64, FormCell)>>;

/// A form that is made by the first who asks, while all others wait for it.
pub type FormCell = Arc<OnceCell<Arc<Stored>>>;

impl Body {
    /// A text and the place of the digits in it. A place behind the end means the end.
    pub fn new(bytes: impl Into<Bytes>, at: usize) -> Self {
        let bytes = bytes.into();
        let at = at.min(bytes.len());
        let weight = bytes.len();
        Self { bytes, at, facts: None, weight }
    }

    /// The same text, counted for something else than its length.
    pub fn weighing(self, weight: usize) -> Self {
        Self { weight, ..self }
    }
}

impl Stored {
    /// The body with the revision in its hole.
    pub fn new(body: &Body, revision: Revision) -> Self {
        let hole = body.at.min(body.bytes.len());
        let bytes = splice(&body.bytes[..hole], revision, &body.bytes[hole..]);
        let facts = body.facts.clone().map_or_else(OnceLock::new, OnceLock::from);
        Self { bytes, hole, revision, facts, forms: OnceLock::new() }
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

    /// Where another form of the object is kept for as long as this state is. The number says what form it is.
    pub fn form(&self, number: u64) -> FormCell {
        let mut forms = self.forms.get_or_init(Box::default).lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, cell)) = forms.iter().find(|(known, _)| *known == number) {
            return Arc::clone(cell);
        }
        if forms.len() == FORMS_MAX {
            forms.remove(0);
        }
        let cell = FormCell::default();
        forms.push((number, Arc::clone(&cell)));
        cell
    }

    /// Stands for "nothing there" in the results of a transaction.
    pub(in crate::store) fn absent() -> Self {
        Self::read(Bytes::new(), 0, Revision(0))
    }

    /// The same state at another revision.
    pub(in crate::store) fn renumbered(&self, revision: Revision) -> Self {
        Self::read(self.with_revision(revision), self.hole, revision)
    }

    /// A state as a log has it: with the revision already inside, from the place `hole` on.
    pub fn read(bytes: Bytes, hole: usize, revision: Revision) -> Self {
        Self { bytes, hole, revision, facts: OnceLock::new(), forms: OnceLock::new() }
    }

    /// Where the digits of the revision begin.
    pub fn hole(&self) -> usize {
        self.hole
    }

    /// Whether the hole lies in the text and holds the revision.
    pub(in crate::store) fn is_sound(&self) -> bool {
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
