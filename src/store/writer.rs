//! The one task that changes the store: checks transactions in order, appends them to the log in batches, then shows
//! them to everyone.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};

use crate::object::Revision;
use crate::store::{
    Committed, Error, Event, Transaction,
    log::Log,
    shared::Shared,
    state::{Changes, State},
};

/// What the writer is asked for.
pub(super) enum Request {
    Commit { tx: Transaction, reply: Reply },
    Close { reply: oneshot::Sender<()> },
}

/// Where a transaction's outcome goes.
pub(super) type Reply = oneshot::Sender<Result<Committed, Error>>;

/// Rows of the log that are no longer needed, each with the event whose leaving made it so; in that order.
#[derive(Default)]
pub(super) struct Garbage(VecDeque<(Revision, Revision)>);

/// How many requests wait before the senders have to.
const QUEUE_MAX: usize = 1024;
/// How many transactions are written together.
const BATCH_MAX: usize = 256;
/// How many rows are deleted together.
const COMPACT_ROWS: usize = 2000;
/// How many rows may wait for a quiet moment before they are deleted all the same.
const GARBAGE_MAX: usize = 8 * COMPACT_ROWS;
/// How often a quiet store looks for events that have become too old.
const TRIM_EVERY: Duration = Duration::from_secs(1);

/// Starts the task; it ends when all senders are gone or one asks for it.
pub(super) fn start(shared: Arc<Shared>, log: Log, garbage: Garbage) -> mpsc::Sender<Request> {
    let (sender, queue) = mpsc::channel(QUEUE_MAX);
    tokio::spawn(Writer { shared, log, garbage, queue, closers: Vec::new() }.run());
    sender
}

struct Writer {
    shared: Arc<Shared>,
    log: Log,
    garbage: Garbage,
    queue: mpsc::Receiver<Request>,
    closers: Vec<oneshot::Sender<()>>,
}

/// Transactions that are written together, and what becomes of each.
struct Batch {
    state: State,
    changes: Changes,
    outcomes: Vec<(Reply, Result<Committed, Error>)>,
}

impl Writer {
    async fn run(mut self) {
        let mut requests = Vec::with_capacity(BATCH_MAX);
        loop {
            match timeout(TRIM_EVERY, self.queue.recv_many(&mut requests, BATCH_MAX)).await {
                Ok(0) => break,
                Ok(_) => self.write(&mut requests).await,
                Err(_) => self.rest().await,
            }
        }
        self.log.close().await;
        self.shared.close();
        for closer in self.closers {
            let _ = closer.send(());
        }
    }

    /// Does the requests and acknowledges them.
    async fn write(&mut self, requests: &mut Vec<Request>) {
        let mut batch = self.check(requests);
        if !batch.changes.is_empty() {
            let started = Instant::now();
            let written = self.log.append(&batch.changes).await;
            self.shared.counters.batch(batch.outcomes.len(), started.elapsed());
            match written {
                Ok(()) => {
                    let dropped = self.shared.publish(batch.state, &batch.changes.events);
                    self.garbage.extend(&dropped);
                }
                Err(error) => {
                    tracing::error!(%error, transactions = batch.outcomes.len(), "writes were refused");
                    for (_, outcome) in &mut batch.outcomes {
                        *outcome = Err(error.clone());
                    }
                }
            }
        }
        for (reply, outcome) in batch.outcomes {
            self.count(&outcome);
            // Whoever asked may have stopped waiting.
            let _ = reply.send(outcome);
        }
        let quiet = self.queue.is_empty();
        if self.garbage.0.len() >= if quiet { COMPACT_ROWS } else { GARBAGE_MAX } {
            self.compact().await;
        }
    }

    /// Applies each transaction to what the ones before it left. Refusals, too, are only told when the batch is
    /// written, because they may be due to a transaction of the same batch.
    fn check(&mut self, requests: &mut Vec<Request>) -> Batch {
        let now = self.shared.now();
        let state = self.shared.visible().state.clone();
        let mut batch = Batch { state, changes: Changes::default(), outcomes: Vec::with_capacity(requests.len()) };
        for request in requests.drain(..) {
            match request {
                Request::Commit { tx, reply } => {
                    let outcome = batch.state.apply(&tx, now, &mut batch.changes);
                    batch.outcomes.push((reply, outcome));
                }
                Request::Close { reply } => {
                    self.queue.close();
                    self.closers.push(reply);
                }
            }
        }
        batch
    }

    /// Nothing was asked for a while: a good moment to tidy up.
    async fn rest(&mut self) {
        let dropped = self.shared.trim();
        self.garbage.extend(&dropped);
        if !self.garbage.0.is_empty() {
            self.compact().await;
        }
    }

    /// Deletes a bounded number of rows that nobody needs; what fails is tried again later.
    async fn compact(&mut self) {
        let count = self.garbage.0.len().min(COMPACT_ROWS);
        let Some((compacted, _)) = count.checked_sub(1).and_then(|last| self.garbage.0.get(last)) else { return };
        let rows: Vec<_> = self.garbage.0.range(..count).map(|(_, row)| *row).collect();
        match self.log.compact(*compacted, &rows).await {
            Ok(()) => drop(self.garbage.0.drain(..count)),
            Err(error) => tracing::warn!(%error, "old history stays in the file for now"),
        }
    }

    fn count(&self, outcome: &Result<Committed, Error>) {
        let counters = &self.shared.counters;
        let counter = match outcome {
            Ok(_) => &counters.committed,
            Err(Error::Log { .. }) => &counters.failed,
            Err(_) => &counters.rejected,
        };
        counter.fetch_add(1, Relaxed);
    }
}

impl Garbage {
    /// A row that is not needed once history is only complete after the revision.
    pub(super) fn push(&mut self, compacted: Revision, row: Revision) {
        self.0.push_back((compacted, row));
    }

    /// The rows that are not needed because these events are no longer part of history.
    pub(super) fn extend(&mut self, dropped: &[Arc<Event>]) {
        for event in dropped {
            event.superseded().for_each(|row| self.push(event.revision, row));
        }
    }
}
