//! Gives changes the revisions that the log chose for them, where those are not the proposed ones.

use std::{collections::HashMap, sync::Arc};

use crate::object::Revision;
use crate::store::{Committed, Error, Stored, backend::Batch, state::State};

/// What a batch has become with the revisions of the log.
pub(super) struct Renumbered {
    given: HashMap<Revision, Revision>,
    objects: HashMap<Revision, Arc<Stored>>,
}

impl Renumbered {
    /// Gives each event of the batch its revision, in the batch and in the state that the batch has led to.
    pub(super) fn new(revisions: &[Revision], batch: &mut Batch, state: &mut State) -> Result<Self, Error> {
        let is_ordered = revisions.is_sorted() && revisions.first().is_none_or(|first| *first > batch.after);
        if revisions.len() != batch.events.len() || !is_ordered {
            return Err(Error::Contradiction { what: format!("revisions {revisions:?} after {}", batch.after) });
        }
        let (mut given, mut objects) = (HashMap::new(), HashMap::<Revision, Arc<Stored>>::new());
        for (event, revision) in batch.events.iter_mut().zip(revisions) {
            let proposed = event.revision;
            // What was there before may be of this batch, too.
            let before = event.before.as_ref();
            let before = before.map(|before| objects.get(&before.revision()).unwrap_or(before)).cloned();
            *event = Arc::new(event.renumbered(*revision, before));
            given.insert(proposed, *revision);
            objects.insert(proposed, Arc::clone(&event.object));
            if !event.deleted {
                state.objects.insert_mut(event.key.clone(), Arc::clone(&event.object));
            } else {
                state.objects.remove_mut(&event.key);
            }
        }
        if let Some(last) = revisions.last() {
            state.revision = *last;
        }
        Ok(Self { given, objects })
    }

    /// A transaction's result with the revisions of the log.
    pub(super) fn apply(&self, committed: &mut Committed) {
        let renumber = |revision: &mut Revision| *revision = *self.given.get(revision).unwrap_or(revision);
        renumber(&mut committed.revision);
        for result in &mut committed.results {
            if let Some(object) = self.objects.get(&result.revision()) {
                *result = Arc::clone(object);
            }
        }
    }
}
