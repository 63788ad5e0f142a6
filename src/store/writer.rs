//! The one task of this process that changes the store: checks transactions in order, appends them to the log in
//! batches, then shows them to everyone; and shows what other writers of the log have appended.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    time::{Instant, timeout},
};

use crate::object::{Key, Revision};
use crate::store::{
    Committed, Error, Event, Guard, Health, LogFailure, Transaction,
    backend::{Appended, Backend, Batch, Obsolete},
    renumber::Renumbered,
    shared::Shared,
    state::State,
};

/// What the writer is asked for.
pub(super) enum Request {
    Commit { tx: Transaction, room: OwnedSemaphorePermit, reply: Reply },
    Close { reply: oneshot::Sender<()> },
}

/// Where a transaction's outcome goes.
pub(super) type Reply = oneshot::Sender<Result<Committed, Error>>;

/// Entries of the log that are no longer needed, each with the revision whose compaction made it so; in that order.
#[derive(Default)]
pub(super) struct Garbage(VecDeque<(Revision, Obsolete)>);

/// How many requests wait before the senders have to.
const QUEUE_MAX: usize = 1024;
/// How many transactions are written together.
const BATCH_MAX: usize = 256;
/// How many bytes of transactions are written together; the last one may go beyond it.
const BATCH_BYTES_MAX: usize = 4 << 20;
/// How many entries are dropped together.
const COMPACT_ROWS: usize = 2000;
/// How many entries may wait for a quiet moment before they are dropped all the same.
const GARBAGE_MAX: usize = 8 * COMPACT_ROWS;
/// How often a quiet store looks for events that have become too old.
const TRIM_EVERY: Duration = Duration::from_secs(1);
/// How often a batch may find that another writer was first before its transactions fail. Each time somebody has
/// written something, so this only bounds how long one batch holds up the next.
const ATTEMPTS_MAX: usize = 64;

/// Starts the task; it ends when all senders are gone or one asks for it.
pub(super) fn start(shared: Arc<Shared>, log: Box<dyn Backend>, garbage: Garbage) -> mpsc::Sender<Request> {
    let (sender, queue) = mpsc::channel(QUEUE_MAX);
    tokio::spawn(Writer { shared, log, garbage, queue, closers: Vec::new() }.run());
    sender
}

struct Writer {
    shared: Arc<Shared>,
    log: Box<dyn Backend>,
    garbage: Garbage,
    queue: mpsc::Receiver<Request>,
    closers: Vec<oneshot::Sender<()>>,
}

/// Ends the store when it is dropped.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.close(Error::Ended { why: "its writer has stopped unexpectedly".to_owned() });
    }
}

/// A batch with the state that it leads to, and the outcome of each of its transactions.
struct Checked {
    state: State,
    batch: Batch,
    outcomes: Vec<Result<Committed, Error>>,
}

impl Writer {
    async fn run(mut self) {
        // Whatever ends this task, a panic too, ends the store in sight of everybody.
        let ending = Ending(Arc::clone(&self.shared));
        let ended = self.work().await;
        if let Err(error) = self.log.close().await {
            tracing::warn!(%error, "the log was not closed cleanly; nothing is lost");
        }
        if let Err(error) = &ended {
            tracing::error!(%error, "the store has ended");
        }
        self.shared.close(ended.map_or_else(|error| Error::Ended { why: error.to_string() }, |()| Error::Closed));
        drop(ending);
        for closer in self.closers {
            let _ = closer.send(());
        }
    }

    /// Does what is asked until the store is closed, or until the log cannot be used any more.
    async fn work(&mut self) -> Result<(), Error> {
        let mut requests = Vec::with_capacity(BATCH_MAX);
        loop {
            let known = self.shared.visible().state.revision;
            tokio::select! {
                biased;
                received = timeout(TRIM_EVERY, self.queue.recv_many(&mut requests, BATCH_MAX)) => match received {
                    Ok(0) => return Ok(()),
                    Ok(_) => self.write(&mut requests).await?,
                    Err(_) => self.rest().await?,
                },
                followed = self.log.follow(known) => {
                    followed?;
                    self.catch_up().await?;
                }
            }
        }
    }

    /// Does the requests and acknowledges them, in batches that are bounded in bytes.
    async fn write(&mut self, requests: &mut Vec<Request>) -> Result<(), Error> {
        let (mut txs, mut replies, mut bytes) = (Vec::new(), Vec::new(), 0);
        for request in requests.drain(..) {
            match request {
                Request::Commit { tx, room, reply } => {
                    bytes += room.num_permits();
                    txs.push(tx);
                    replies.push((reply, room));
                }
                Request::Close { reply } => {
                    self.queue.close();
                    self.closers.push(reply);
                }
            }
            if bytes >= BATCH_BYTES_MAX {
                self.write_batch(&txs, std::mem::take(&mut replies)).await?;
                (txs, bytes) = (Vec::new(), 0);
            }
        }
        self.write_batch(&txs, replies).await?;
        let quiet = self.queue.is_empty();
        if self.garbage.0.len() >= if quiet { COMPACT_ROWS } else { GARBAGE_MAX } {
            self.compact().await?;
        }
        Ok(())
    }

    async fn write_batch(
        &mut self,
        txs: &[Transaction],
        replies: Vec<(Reply, OwnedSemaphorePermit)>,
    ) -> Result<(), Error> {
        let committed = self.commit(txs).await;
        let ended = self.note(&committed);
        let outcomes = committed.unwrap_or_else(|error| {
            tracing::error!(%error, transactions = txs.len(), "writes were refused");
            vec![Err(error); txs.len()]
        });
        for ((reply, _room), outcome) in replies.into_iter().zip(outcomes) {
            self.count(&outcome);
            // Whoever asked may have stopped waiting.
            let _ = reply.send(outcome);
        }
        ended
    }

    /// Notes what an outcome of writing says about the health; an error if the store cannot go on.
    fn note<T>(&self, outcome: &Result<T, Error>) -> Result<(), Error> {
        if let Some(health) = Health::after(outcome) {
            self.shared.health.send_if_modified(|known| std::mem::replace(known, health.clone()) != health);
        }
        match outcome {
            // After a failed sync, the system forgets what it could not write, and the next sync succeeds without it.
            Err(error @ (Error::Log { kind: LogFailure::Unsynced, .. } | Error::Contradiction { .. })) => {
                Err(error.clone())
            }
            Err(error @ Error::Corrupt { .. }) => Err(error.clone()),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Checks the transactions and appends those that hold; again as long as other writers are first. Refusals, too,
    /// are only returned when the batch is written, because they may be due to a transaction of the same batch.
    async fn commit(&mut self, txs: &[Transaction]) -> Result<Vec<Result<Committed, Error>>, Error> {
        for _ in 0..ATTEMPTS_MAX {
            let mut checked = self.check(txs);
            if checked.batch.is_empty() {
                return Ok(checked.outcomes);
            }
            let started = Instant::now();
            let appended = self.log.append(&checked.batch).await;
            self.shared.counters.batch(txs.len(), started.elapsed());
            match appended? {
                Appended::AsProposed => {}
                Appended::At(revisions) => {
                    let renumbered = Renumbered::new(&revisions, &mut checked.batch, &mut checked.state)?;
                    checked.outcomes.iter_mut().flatten().for_each(|committed| renumbered.apply(committed));
                }
                Appended::Behind => {
                    self.catch_up().await?;
                    continue;
                }
            }
            let dropped = self.shared.publish(checked.state, &checked.batch.events);
            self.garbage.extend(&dropped);
            return Ok(checked.outcomes);
        }
        let cause = "other writers were always first".to_owned();
        Err(Error::Log { step: "write to the log", kind: LogFailure::Other, cause })
    }

    /// Applies each transaction to what the ones before it left.
    fn check(&self, txs: &[Transaction]) -> Checked {
        let now = self.shared.now();
        let mut state = self.shared.visible().state.clone();
        let mut batch = Batch { after: state.revision, ..Batch::default() };
        let may_be_done = |tx: &Transaction| tx.guard.as_ref().is_none_or(Guard::holds);
        let apply = |tx| if may_be_done(tx) { state.apply(tx, now, &mut batch) } else { Err(Error::Guarded) };
        let outcomes = txs.iter().map(apply).collect();
        Checked { state, batch, outcomes }
    }

    /// Shows what other writers have appended.
    async fn catch_up(&mut self) -> Result<(), Error> {
        let mut state = self.shared.visible().state.clone();
        let mut events = Vec::new();
        let after = state.revision;
        self.log
            .read(after, &mut |piece| {
                for entry in piece.entries {
                    events.push(Arc::new(state.replay(entry)?));
                }
                state.replay_holders(piece.holders, piece.all_holders);
                Ok(())
            })
            .await?;
        let dropped = self.shared.publish(state, &events);
        self.garbage.extend(&dropped);
        Ok(())
    }

    /// Nothing was asked for a while: a good moment to tidy up.
    async fn rest(&mut self) -> Result<(), Error> {
        let dropped = self.shared.trim();
        self.garbage.extend(&dropped);
        if !self.garbage.0.is_empty() || !self.shared.health.borrow().is_ok() {
            self.compact().await?;
        }
        let rested = self.log.rest().await;
        if rested.is_err() { self.note(&rested) } else { Ok(()) }
    }

    /// Drops a bounded number of entries that nobody needs, perhaps none; what fails is tried again later.
    async fn compact(&mut self) -> Result<(), Error> {
        let count = self.garbage.0.len().min(COMPACT_ROWS);
        let last = count.checked_sub(1).and_then(|last| self.garbage.0.get(last));
        let compacted = last.map_or(Revision(0), |(compacted, _)| *compacted);
        let obsolete: Vec<_> = self.garbage.0.range(..count).map(|(_, obsolete)| obsolete.clone()).collect();
        let outcome = self.log.compact(compacted, &obsolete).await;
        match &outcome {
            Ok(()) => drop(self.garbage.0.drain(..count)),
            Err(error) => tracing::warn!(%error, "old history stays in the log for now"),
        }
        self.note(&outcome)
    }

    fn count(&self, outcome: &Result<Committed, Error>) {
        let counters = &self.shared.counters;
        let counter = match outcome {
            Ok(_) => &counters.committed,
            Err(Error::Mismatch { .. } | Error::Held { .. }) => &counters.rejected,
            Err(_) => &counters.failed,
        };
        counter.fetch_add(1, Relaxed);
    }
}

impl Garbage {
    /// An entry that is not needed once history is only complete after the revision.
    pub(super) fn push(&mut self, compacted: Revision, revision: Revision, key: Key) {
        self.0.push_back((compacted, Obsolete { revision, key }));
    }

    /// The entries that are not needed because of an event at or before the compacted revision.
    pub(super) fn obsolete(&mut self, compacted: Revision, event: &Event) {
        event.superseded().for_each(|obsolete| self.0.push_back((compacted, obsolete)));
    }

    /// The entries that are not needed because these events are no longer part of history.
    pub(super) fn extend(&mut self, dropped: &[Arc<Event>]) {
        for event in dropped {
            self.obsolete(event.revision, event);
        }
    }
}
