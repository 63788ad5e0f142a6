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
    pub(super) at: i64,
    frames: Mutex<Vec<(u64, Bytes)>>,
}

impl Event {
    /// The event in the encoding that the tag stands for. It is made by the first who asks and shared by all others.
    pub fn frame(&self, tag: u64, make: impl FnOnce() -> Bytes) -> Bytes {
        let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, frame)) = frames.iter().find(|(known, _)| *known == tag) {
            return frame.clone();
        }
        let frame = make();
        frames.push((tag, frame.clone()));
        frame
    }

    pub(super) fn put(key: Key, object: Arc<Stored>, before: Option<Arc<Stored>>, at: i64) -> Self {
        Self { revision: object.revision(), key, object, before, deleted: false, at, frames: Mutex::default() }
    }

    pub(super) fn delete(key: Key, before: Arc<Stored>, revision: Revision, at: i64) -> Self {
        let object = Arc::new(before.deleted_at(revision));
        Self { revision, key, object, before: Some(before), deleted: true, at, frames: Mutex::default() }
    }

    /// The rows of the log that nobody needs once this event is no longer part of history.
    pub(super) fn superseded(&self) -> impl Iterator<Item = Revision> {
        let before = self.before.as_ref().map(|before| before.revision());
        before.into_iter().chain(self.deleted.then_some(self.revision))
    }
}
