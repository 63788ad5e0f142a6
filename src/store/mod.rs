//! Revisions, history, snapshots, watch cursors and the durable log; knows keys and bytes, never kinds.
//!
//! The state lives in memory and reads never wait. One writer task checks transactions, appends them to the log in
//! batches, and only then makes them visible.

pub mod clock;
mod cursor;
mod error;
mod event;
mod log;
mod options;
mod pool;
mod recover;
mod shared;
mod snapshot;
mod state;
mod stats;
mod stored;
mod transaction;
mod window;
mod writer;

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use tokio::sync::{mpsc, oneshot};

pub use clock::Clock;
pub use cursor::Cursor;
pub use error::Error;
pub use event::Event;
pub use options::{Data, Durability, History, Options};
pub use snapshot::Snapshot;
pub use stats::{BATCH_BUCKETS, Stats};
pub use stored::{Body, Stored};
pub use transaction::{Claim, Committed, Expect, Op, Transaction};

use crate::object::{Key, Prefix, Revision};
use crate::store::{shared::Shared, writer::Request};

/// A handle to the store. Clones are the same store; it ends when it is closed or the last handle is dropped.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Request>,
}

impl Store {
    /// Opens the log, reads it, and starts the writer on the current runtime.
    pub async fn open(options: Options) -> Result<Self, Error> {
        let mut log = log::Log::open(&options.data, options.durability).await?;
        let recovered = recover::recover(&mut log, &options).await?;
        let shared = Arc::new(Shared::new(options, recovered.state, recovered.window));
        let queue = writer::start(Arc::clone(&shared), log, recovered.garbage);
        Ok(Self { shared, queue })
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
        let reached = newest.wait_for(|newest| *newest >= at || self.shared.visible().closed);
        let _ = tokio::time::timeout(limit, reached).await;
        let visible = self.shared.visible();
        match visible.state.revision {
            current if current >= at => Ok(()),
            _ if visible.closed => Err(Error::Closed),
            current => Err(Error::Future { current }),
        }
    }

    /// The object under the key as it is now.
    pub fn get(&self, key: &Key) -> Option<Arc<Stored>> {
        self.shared.visible().state.objects.get(key).cloned()
    }

    /// Does the transaction, and returns when it is in the log and visible. If the future is dropped, the transaction
    /// happens as a whole or not at all.
    pub async fn commit(&self, tx: Transaction) -> Result<Committed, Error> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Request::Commit { tx, reply }).await.map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }

    /// Follows the events under the prefix after the revision. A revision of the future is waited for in silence.
    pub fn watch(&self, prefix: Prefix, after: Revision) -> Result<Cursor, Error> {
        let mut visible = self.shared.visible_mut();
        let oldest = visible.window.compacted();
        if visible.closed {
            return Err(Error::Closed);
        }
        if after < oldest {
            return Err(Error::Compacted { oldest });
        }
        let bell = visible.window.bell(&prefix);
        drop(visible);
        Ok(Cursor::new(Arc::clone(&self.shared), prefix, after, bell))
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

    /// Writes what is queued, ends all cursors and releases the file. Later transactions are refused.
    pub async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.queue.send(Request::Close { reply }).await.is_ok() {
            // The writer drops the sender only when it has ended, which is just as good as an answer.
            let _ = closed.await;
        }
    }
}
