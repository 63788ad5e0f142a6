//! A backend for tests: one log in memory with any number of writers, which numbers changes in its own way and can be
//! told to misbehave.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use kubedouble::{
    object::Revision,
    store::{
        Error, LogFailure, Options, Store, Stored,
        backend::{Appended, Backend, Batch, Each, Entry, Holder, Obsolete, Piece, Task},
    },
};
use tokio::sync::watch;

/// The log. Every store that opens it is one more writer.
pub struct SharedLog {
    numbering: Numbering,
    content: Mutex<Content>,
    newest: watch::Sender<Revision>,
    /// The next append happens, but its writer is told that it failed.
    pub lose_outcome: AtomicBool,
    /// Nobody can read any more.
    pub unreadable: AtomicBool,
}

/// Which revisions changes get.
#[derive(Clone, Copy, Debug)]
pub enum Numbering {
    /// One for each change, without gaps.
    Each,
    /// One for all changes that are appended together, with gaps between them.
    Together,
}

#[derive(Default)]
struct Content {
    entries: Vec<Entry>,
    holders: BTreeMap<(&'static str, u128), Arc<str>>,
    compacted: Option<Revision>,
}

/// How many revisions lie between changes that are not appended together.
const GAP: u64 = 7;
/// How many entries are in a piece.
const PIECE: usize = 3;

impl SharedLog {
    pub fn new(numbering: Numbering) -> Arc<Self> {
        Arc::new(Self {
            numbering,
            content: Mutex::default(),
            newest: watch::Sender::new(Revision(1)),
            lose_outcome: AtomicBool::new(false),
            unreadable: AtomicBool::new(false),
        })
    }

    pub async fn open(self: &Arc<Self>, options: Options) -> Store {
        let writer = Box::new(Writer(Arc::clone(self)));
        Store::open_with(options, writer).await.expect("a store")
    }

    pub fn newest(&self) -> Revision {
        *self.newest.borrow()
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, batch: &Batch) -> Appended {
        let mut content = self.content();
        if self.newest() > batch.after {
            return Appended::Behind;
        }
        let mut revision = self.newest();
        if let Numbering::Together = self.numbering {
            revision = Revision(revision.0 + GAP);
        }
        let mut revisions = Vec::new();
        for event in &batch.events {
            if let Numbering::Each = self.numbering {
                revision = revision.next();
            }
            revisions.push(revision);
            let object = &event.object;
            let stored = || Arc::new(Stored::read(object.with_revision(revision), object.hole(), revision));
            let (key, at, object) = (event.key.clone(), event.at, (!event.deleted).then(stored));
            content.entries.push(Entry { revision, key, at, object });
        }
        for (claim, change) in &batch.holders {
            match &change.after {
                Some(holder) => content.holders.insert(*claim, Arc::clone(holder)),
                None => content.holders.remove(claim),
            };
        }
        self.newest.send_replace(revision);
        Appended::At(revisions)
    }

    fn read(&self, after: Revision, each: &mut Each<'_>) -> Result<(), Error> {
        if self.unreadable.load(Relaxed) {
            return Err(Error::Contradiction { what: "it cannot be read".to_owned() });
        }
        let content = self.content();
        let entries: Vec<_> = content.entries.iter().filter(|entry| entry.revision > after).collect();
        for piece in entries.chunks(PIECE) {
            let copy = |entry: &&Entry| Entry { key: entry.key.clone(), object: entry.object.clone(), ..**entry };
            each(Piece { entries: piece.iter().map(copy).collect(), ..Piece::default() })?;
        }
        let holder = |(&(pool, number), holder): (&(&'static str, u128), &Arc<str>)| Holder {
            pool: pool.into(),
            number,
            holder: Some(Arc::clone(holder)),
        };
        each(Piece { holders: content.holders.iter().map(holder).collect(), all_holders: true, ..Piece::default() })
    }
}

struct Writer(Arc<SharedLog>);

impl Backend for Writer {
    fn compacted(&mut self) -> Task<'_, Option<Revision>> {
        Box::pin(async { Ok(self.0.content().compacted) })
    }

    fn read<'a>(&'a mut self, after: Revision, each: &'a mut Each<'_>) -> Task<'a, ()> {
        Box::pin(async move { self.0.read(after, each) })
    }

    fn append<'a>(&'a mut self, batch: &'a Batch) -> Task<'a, Appended> {
        Box::pin(async {
            // Other writers get their turn between the check and the append.
            tokio::task::yield_now().await;
            let appended = self.0.append(batch);
            if self.0.lose_outcome.swap(false, Relaxed) {
                return Err(Error::Log {
                    step: "append",
                    kind: LogFailure::Other,
                    cause: "the connection is lost".to_owned(),
                });
            }
            Ok(appended)
        })
    }

    fn follow(&mut self, after: Revision) -> Task<'_, ()> {
        let mut newest = self.0.newest.subscribe();
        Box::pin(async move { newest.wait_for(|newest| *newest > after).await.map(drop).map_err(|_| Error::Closed) })
    }

    fn compact<'a>(&'a mut self, compacted: Revision, obsolete: &'a [Obsolete]) -> Task<'a, ()> {
        let mut content = self.0.content();
        content.compacted = content.compacted.max(Some(compacted));
        let is_obsolete = |entry: &Entry| obsolete.iter().any(|o| (o.revision, &o.key) == (entry.revision, &entry.key));
        content.entries.retain(|entry| !is_obsolete(entry));
        Box::pin(async { Ok(()) })
    }

    fn close(&mut self) -> Task<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}
