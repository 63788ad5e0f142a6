//! One change of one object, as watches see it.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::object::{Key, Revision};
use crate::store::Stored;

/// A put or a delete that is visible to everyone.
#[derive(Debug)]
pub struct Event {
    /// When in the order of all changes.
    pub revision: Revision,
    /// Which object.
    pub key: Key,
    /// The new state; after a deletion the last state, with the deletion's revision.
    pub object: Arc<Stored>,
    /// The state before; `None` if the object is new.
    pub before: Option<Arc<Stored>>,
    /// Whether the object is gone.
    pub deleted: bool,
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
    /// `None` once encodings are not kept any more.
    frames: Mutex<Option<Vec<(u64, Bytes)>>>,
}

/// An entry that nobody needs any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obsolete {
    /// The entry's revision.
    pub revision: Revision,
    /// The entry's key.
    pub key: Key,
}

/// What an event takes beside its object's bytes, roughly.
const EVENT_BYTES: usize = 300;

impl Event {
    /// The event in the encoding that the tag stands for. It is made by the first who asks and shared by all others, as
    /// long as the event is among the newest.
    pub fn frame(&self, tag: u64, make: impl FnOnce() -> Bytes) -> Bytes {
        let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(frames) = frames.as_mut() else { return make() };
        if let Some((_, frame)) = frames.iter().find(|(known, _)| *known == tag) {
            return frame.clone();
        }
        let frame = make();
        frames.push((tag, frame.clone()));
        frame
    }

    /// How many bytes it takes.
    pub(super) fn size(&self) -> usize {
        EVENT_BYTES + self.object.bytes().len()
    }

    /// Drops the encodings and keeps none any more.
    pub(super) fn drop_frames(&self) {
        *self.frames.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(in crate::store) fn put(key: Key, object: Arc<Stored>, before: Option<Arc<Stored>>, at: i64) -> Self {
        Self {
            revision: object.revision(),
            key,
            object,
            before,
            deleted: false,
            at,
            frames: Mutex::new(Some(Vec::new())),
        }
    }

    pub(in crate::store) fn delete(key: Key, before: Arc<Stored>, revision: Revision, at: i64) -> Self {
        let object = Arc::new(before.renumbered(revision));
        Self { revision, key, object, before: Some(before), deleted: true, at, frames: Mutex::new(Some(Vec::new())) }
    }

    /// The same change at another revision, and after another state.
    pub(in crate::store) fn renumbered(&self, revision: Revision, before: Option<Arc<Stored>>) -> Self {
        let object = Arc::new(self.object.renumbered(revision));
        Self { revision, object, before, key: self.key.clone(), frames: Mutex::new(Some(Vec::new())), ..*self }
    }

    /// The entries of the log that nobody needs once this event is no longer part of history.
    pub(in crate::store) fn superseded(&self) -> impl Iterator<Item = Obsolete> {
        let before = self.before.as_ref().map(|before| before.revision());
        let revisions = before.into_iter().chain(self.deleted.then_some(self.revision));
        revisions.map(|revision| Obsolete { revision, key: self.key.clone() })
    }
}
