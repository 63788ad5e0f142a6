//! Revisions, history, snapshots, watch cursors and the durable log; knows keys and bytes, never kinds.
//!
//! The state lives in memory and reads never wait. One writer task checks transactions, appends them to the log in
//! batches, and only then makes them visible.

pub mod backend;
pub mod clock;
mod error;
mod health;
mod history;
mod load;
mod memory;
mod options;
mod renumber;
mod shared;
mod sqlite;
mod state;
mod stats;
mod transaction;
mod writer;

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use tokio::sync::{Semaphore, mpsc, oneshot};

pub use clock::Clock;
pub use error::{Error, LogFailure};
pub use health::Health;
pub use history::{Cursor, Event};
pub use options::{Data, Durability, History, Options};
pub use sqlite::{Checked, Repaired, check, repair};
pub use state::{Body, HolderChange, Holders, Snapshot, Stored, Walk};
pub use stats::{BATCH_BUCKETS, Stats};
pub use transaction::{Amendment, Claim, Committed, Expect, Guard, OPS_MAX, Op, TRANSACTION_BYTES_MAX, Transaction};

use crate::object::{Key, Prefix, Revision};
use crate::store::{backend::Backend, memory::Memory, shared::Shared, sqlite::Sqlite, writer::Request};

/// How many bytes of transactions wait for the writer before the senders have to.
const QUEUE_BYTES_MAX: usize = 64 << 20;

/// A handle to the store. Clones are the same store; it ends when it is closed or the last handle is dropped.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Request>,
    /// A permit for each byte that may wait for the writer.
    room: Arc<Semaphore>,
}

impl Store {
    /// Opens the log, reads it, and starts the writer on the current runtime.
    pub async fn open(options: Options) -> Result<Self, Error> {
        let log = Self::backend(&options).await?;
        Self::open_with(options, log).await
    }

    /// The backend that keeps a log as the options say.
    pub async fn backend(options: &Options) -> Result<Box<dyn Backend>, Error> {
        Ok(match &options.data {
            Data::Memory => Box::new(Memory),
            Data::File(path) => Box::new(Sqlite::open(path, options.durability).await?),
        })
    }

    /// Reads the log that this backend keeps, wherever that is, and starts the writer on the current runtime.
    pub async fn open_with(options: Options, mut log: Box<dyn Backend>) -> Result<Self, Error> {
        let loaded = match load::load(&mut *log, &options).await {
            Ok(loaded) => loaded,
            Err(error) => {
                // What could not be read is not written to either.
                let _ = log.close().await;
                return Err(error);
            }
        };
        let shared = Arc::new(Shared::new(options, loaded.state, loaded.window));
        let queue = writer::start(Arc::clone(&shared), log, loaded.garbage);
        Ok(Self { shared, queue, room: Arc::new(Semaphore::new(QUEUE_BYTES_MAX)) })
    }

    /// The newest visible revision.
    pub fn revision(&self) -> Revision {
        self.shared.visible().state.revision
    }

    /// History is complete after this revision.
    pub fn oldest(&self) -> Revision {
        self.shared.visible().window.compacted()
    }

    /// Everything as it is now.
    pub fn snapshot(&self) -> Snapshot {
        self.shared.snapshot()
    }

    /// Everything as it was at exactly this revision.
    pub fn snapshot_at(&self, at: Revision) -> Result<Snapshot, Error> {
        let (newest, since) = {
            let visible = self.shared.visible();
            let (current, oldest) = (visible.state.revision, visible.window.compacted());
            if at > current {
                return Err(Error::Future { current });
            }
            if at < oldest {
                return Err(Error::Compacted { oldest });
            }
            if let Some(snapshot) = self.shared.recent.find(at) {
                return Ok(snapshot);
            }
            let since: Vec<_> = visible.window.after(at).cloned().collect();
            (Snapshot::new(current, visible.state.objects.clone()), since)
        };
        let snapshot = newest.undo(at, since.iter().rev());
        self.shared.recent.remember(snapshot.clone());
        Ok(snapshot)
    }

    /// Waits until the revision is visible; [`Error::Future`] when it is not after the limit.
    pub async fn wait_for(&self, at: Revision, limit: Duration) -> Result<(), Error> {
        if self.revision() >= at {
            return Ok(());
        }
        let mut newest = self.shared.newest.subscribe();
        let reached = newest.wait_for(|newest| *newest >= at || self.shared.visible().closed.is_some());
        let _ = tokio::time::timeout(limit, reached).await;
        let visible = self.shared.visible();
        match visible.state.revision {
            current if current >= at => Ok(()),
            current => Err(visible.closed.clone().unwrap_or(Error::Future { current })),
        }
    }

    /// The object under the key as it is now.
    pub fn get(&self, key: &Key) -> Option<Arc<Stored>> {
        self.shared.visible().state.objects.get(key).cloned()
    }

    /// Does the transaction, and returns when it is in the log and visible. If the future is dropped, the transaction
    /// happens as a whole or not at all.
    pub async fn commit(&self, tx: Transaction) -> Result<Committed, Error> {
        let bytes = tx.check_size()?;
        let closed = || self.shared.closed().unwrap_or(Error::Closed);
        // Together, what waits for the writer is bounded in bytes, too.
        let room = self.room.clone().acquire_many_owned(bytes).await.map_err(|_| closed())?;
        let (reply, outcome) = oneshot::channel();
        self.queue.send(Request::Commit { tx, room, reply }).await.map_err(|_| closed())?;
        outcome.await.map_err(|_| closed())?
    }

    /// Follows the events under the prefix after the revision. A revision of the future is waited for in silence.
    pub fn watch(&self, prefix: Prefix, after: Revision) -> Result<Cursor, Error> {
        let mut visible = self.shared.visible_mut();
        let oldest = visible.window.compacted();
        if let Some(error) = &visible.closed {
            return Err(error.clone());
        }
        if after < oldest {
            return Err(Error::Compacted { oldest });
        }
        let changed = visible.window.subscribe(&prefix);
        drop(visible);
        Ok(Cursor::new(Arc::clone(&self.shared), prefix, after, changed))
    }

    /// When an object of the prefix's resource last changed; zero if none has since the history began.
    pub fn changed_at(&self, prefix: &Prefix) -> Revision {
        self.shared.visible().window.changed_at(prefix)
    }

    /// Who holds the number of the pool.
    pub fn holder(&self, pool: &str, number: u128) -> Option<String> {
        self.shared.visible().state.pools.holder(pool, number).map(|holder| holder.to_string())
    }

    /// The lowest number of the range that nobody holds. Costs the logarithm of what is held, never the range.
    pub fn first_free(&self, pool: &str, range: RangeInclusive<u128>) -> Option<u128> {
        self.shared.visible().state.pools.first_free(pool, range)
    }

    /// How many numbers of the pool are held.
    pub fn held(&self, pool: &str) -> usize {
        self.shared.visible().state.pools.held(pool)
    }

    /// Numbers for metrics.
    pub fn stats(&self) -> Stats {
        let visible = self.shared.visible();
        Stats {
            revision: visible.state.revision,
            oldest: visible.window.compacted(),
            objects: visible.state.objects.size(),
            window: visible.window.len(),
            watchers: visible.window.watchers(),
            ..self.shared.counters.stats()
        }
    }

    /// Whether the store can do its work.
    pub fn health(&self) -> Health {
        self.shared.health.borrow().clone()
    }

    /// Returns, with the reason, when the store has ended without having been asked to.
    pub async fn ended(&self) -> Error {
        let mut health = self.shared.health.subscribe();
        match health.wait_for(|health| matches!(health, Health::Ended { .. })).await.as_deref() {
            Ok(Health::Ended { why }) => Error::Ended { why: why.clone() },
            Ok(_) | Err(_) => std::future::pending().await,
        }
    }

    /// Writes what is queued, ends all cursors and releases the file. Later transactions are refused.
    pub async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.queue.send(Request::Close { reply }).await.is_ok() {
            // The writer drops the sender only when it has ended, which is just as good as an answer.
            let _ = closed.await;
        }
    }
}
