//! Makes the state and the window out of what the log holds.

use std::sync::Arc;

use crate::object::Revision;
use crate::store::{
    Error, Options,
    backend::{Backend, Piece},
    history::Window,
    state::State,
    writer::Garbage,
};

/// What the log says.
pub(super) struct Loaded {
    pub(super) state: State,
    pub(super) window: Window,
    /// Entries that a compaction should have dropped, or should drop now.
    pub(super) garbage: Garbage,
}

/// Reads the whole log in order.
pub(super) async fn load(log: &mut dyn Backend, options: &Options) -> Result<Loaded, Error> {
    let compacted = match log.compacted().await? {
        Some(compacted) => compacted,
        None => {
            log.compact(options.first, &[]).await?;
            options.first
        }
    };
    let now = (options.clock)().as_millisecond();
    let mut loading = Loading {
        compacted,
        state: State::default(),
        window: Window::new(compacted),
        garbage: Garbage::default(),
        options,
        now,
    };
    log.read(Revision(0), &mut |piece| loading.add(piece)).await?;
    let Loading { mut state, window, garbage, .. } = loading;
    state.revision = state.revision.max(compacted);
    Ok(Loaded { state, window, garbage })
}

struct Loading<'a> {
    compacted: Revision,
    state: State,
    window: Window,
    garbage: Garbage,
    options: &'a Options,
    now: i64,
}

impl Loading<'_> {
    fn add(&mut self, piece: Piece) -> Result<(), Error> {
        let mut events = Vec::new();
        for entry in piece.entries {
            let is_history = entry.revision > self.compacted;
            if !is_history && entry.object.is_none() && !self.state.objects.contains_key(&entry.key) {
                self.garbage.push(self.compacted, entry.revision, entry.key);
                continue;
            }
            let event = self.state.replay(entry)?;
            if is_history {
                events.push(Arc::new(event));
            } else {
                self.garbage.obsolete(self.compacted, &event);
            }
        }
        self.window.push(&events);
        // What is beyond the bounds need not stay in memory until everything is read.
        self.garbage.extend(&self.window.trim(&self.options.history, self.now));
        self.state.replay_holders(piece.holders, piece.all_holders);
        Ok(())
    }
}
