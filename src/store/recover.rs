//! Makes the state and the window out of the log.

use std::sync::Arc;

use crate::object::Revision;
use crate::store::{
    Data, Error, Event, Options, Stored,
    log::{Log, Row},
    state::State,
    window::Window,
    writer::Garbage,
};

/// What the log says.
pub(super) struct Recovered {
    pub(super) state: State,
    pub(super) window: Window,
    /// Rows that a compaction should have deleted, or should delete now.
    pub(super) garbage: Garbage,
}

/// Reads the whole log, in the order in which it was written.
pub(super) async fn recover(log: &mut Log, options: &Options) -> Result<Recovered, Error> {
    let compacted = match log.compacted().await? {
        Revision(0) => {
            log.compact(options.first, &[]).await?;
            options.first
        }
        compacted => compacted,
    };
    let mut replay = Replay { compacted, state: State::default(), events: Vec::new(), garbage: Garbage::default() };
    log.rows(|row| replay.row(row).map_err(|what| corrupt(options, what))).await?;
    let Replay { mut state, events, mut garbage, .. } = replay;
    log.claims(|claim| state.pools.claim(claim.pool, claim.number, claim.holder)).await?;

    state.revision = state.revision.max(compacted);
    let mut window = Window::new(compacted);
    window.push(&events);
    let now = (options.clock)().as_millisecond();
    garbage.extend(&window.trim(&options.history, now));
    Ok(Recovered { state, window, garbage })
}

struct Replay {
    compacted: Revision,
    state: State,
    events: Vec<Arc<Event>>,
    garbage: Garbage,
}

impl Replay {
    fn row(&mut self, row: Row) -> Result<(), String> {
        let revision = row.revision;
        if revision <= self.state.revision {
            return Err(format!("revision {revision} is in the wrong place"));
        }
        let before = self.state.objects.get(&row.key).cloned();
        let event = match (row.value, before) {
            (Some(value), before) => {
                let object = Stored::read(value.into(), row.hole, revision);
                if !object.is_sound() {
                    return Err(format!("revision {revision} of {} does not name itself", row.key));
                }
                let object = Arc::new(object);
                self.state.objects.insert_mut(row.key.clone(), Arc::clone(&object));
                Event::put(row.key, object, before, row.at)
            }
            (None, Some(before)) => {
                self.state.objects.remove_mut(&row.key);
                Event::delete(row.key, before, revision, row.at)
            }
            (None, None) if revision <= self.compacted => {
                self.garbage.push(self.compacted, revision);
                return Ok(());
            }
            (None, None) => return Err(format!("revision {revision} deletes {}, which is not there", row.key)),
        };
        if revision <= self.compacted {
            event.superseded().for_each(|superseded| self.garbage.push(self.compacted, superseded));
        } else {
            let expected = self.state.revision.max(self.compacted).next();
            if revision != expected {
                return Err(format!("revision {expected} is missing"));
            }
            self.events.push(Arc::new(event));
        }
        self.state.revision = revision;
        Ok(())
    }
}

fn corrupt(options: &Options, what: String) -> Error {
    let path = match &options.data {
        Data::File(path) => path.clone(),
        Data::Memory => Default::default(),
    };
    Error::Corrupt { path, what }
}
