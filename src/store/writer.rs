//! The one task of this process that changes the store: checks transactions in order, appends them to the log in
//! batches, then shows them to everyone; and shows what other writers of the log have appended.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::object::{Key, Revision};
use crate::store::{
    Committed, Error, Event, Transaction,
    backend::{Appended, Backend, Batch, Obsolete},
    renumber::Renumbered,
    shared::Shared,
    state::State,
};

/// What the writer is asked for.
pub(super) enum Request {
    Commit { tx: Transaction, reply: Reply },
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

/// A batch with the state that it leads to, and the outcome of each of its transactions.
struct Checked {
    state: State,
    batch: Batch,
    outcomes: Vec<Result<Committed, Error>>,
}

impl Writer {
    async fn run(mut self) {
        let mut requests = Vec::with_capacity(BATCH_MAX);
        loop {
            let known = self.shared.visible().state.revision;
            tokio::select! {
                biased;
                received = timeout(TRIM_EVERY, self.queue.recv_many(&mut requests, BATCH_MAX)) => match received {
                    Ok(0) => break,
                    Ok(_) => self.write(&mut requests).await,
                    Err(_) => self.rest().await,
                },
                followed = self.log.follow(known) => {
                    let caught_up = match followed {
                        Ok(()) => self.catch_up().await,
                        Err(error) => Err(error),
                    };
                    if let Err(error) = caught_up {
                        tracing::error!(%error, "the log cannot be followed");
                        break;
                    }
                }
            }
        }
        if let Err(error) = self.log.close().await {
            tracing::warn!(%error, "the log was not closed cleanly; nothing is lost");
        }
        self.shared.close();
        for closer in self.closers {
            let _ = closer.send(());
        }
    }

    /// Does the requests and acknowledges them.
    async fn write(&mut self, requests: &mut Vec<Request>) {
        let (mut txs, mut replies) = (Vec::with_capacity(requests.len()), Vec::with_capacity(requests.len()));
        for request in requests.drain(..) {
            match request {
                Request::Commit { tx, reply } => {
                    txs.push(tx);
                    replies.push(reply);
                }
                Request::Close { reply } => {
                    self.queue.close();
                    self.closers.push(reply);
                }
            }
        }
        let outcomes = self.commit(&txs).await.unwrap_or_else(|error| {
            tracing::error!(%error, transactions = txs.len(), "writes were refused");
            vec![Err(error); txs.len()]
        });
        for (reply, outcome) in replies.into_iter().zip(outcomes) {
            self.count(&outcome);
            // Whoever asked may have stopped waiting.
            let _ = reply.send(outcome);
        }
        let quiet = self.queue.is_empty();
        if self.garbage.0.len() >= if quiet { COMPACT_ROWS } else { GARBAGE_MAX } {
            self.compact().await;
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
        Err(Error::Log { step: "write to the log", cause: "other writers were always first".to_owned() })
    }

    /// Applies each transaction to what the ones before it left.
    fn check(&self, txs: &[Transaction]) -> Checked {
        let now = self.shared.now();
        let mut state = self.shared.visible().state.clone();
        let mut batch = Batch { after: state.revision, ..Batch::default() };
        let outcomes = txs.iter().map(|tx| state.apply(tx, now, &mut batch)).collect();
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
    async fn rest(&mut self) {
        let dropped = self.shared.trim();
        self.garbage.extend(&dropped);
        if !self.garbage.0.is_empty() {
            self.compact().await;
        }
    }

    /// Drops a bounded number of entries that nobody needs; what fails is tried again later.
    async fn compact(&mut self) {
        let count = self.garbage.0.len().min(COMPACT_ROWS);
        let Some((compacted, _)) = count.checked_sub(1).and_then(|last| self.garbage.0.get(last)) else { return };
        let obsolete: Vec<_> = self.garbage.0.range(..count).map(|(_, obsolete)| obsolete.clone()).collect();
        match self.log.compact(*compacted, &obsolete).await {
            Ok(()) => drop(self.garbage.0.drain(..count)),
            Err(error) => tracing::warn!(%error, "old history stays in the log for now"),
        }
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
