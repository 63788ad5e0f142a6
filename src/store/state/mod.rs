//! The state of everything at one revision, and how a transaction changes it.

mod pool;
mod snapshot;
mod stored;
mod walk;

use std::{collections::BTreeMap, sync::Arc};

use rpds::RedBlackTreeMapSync;

pub use snapshot::Snapshot;
pub use stored::{Body, Stored};
pub use walk::Walk;

pub(super) use snapshot::Recent;

use crate::object::{Key, Revision};
use crate::store::{
    Claim, Committed, Error, Event, Expect, Op, TRANSACTION_BYTES_MAX, Transaction,
    backend::{Batch, Entry, Holder},
};
use pool::Pools;

/// All objects in the order of their keys.
pub(super) type Objects = RedBlackTreeMapSync<Key, Arc<Stored>>;

/// Objects and pools at a revision. A clone costs nothing and does not see later changes.
#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) revision: Revision,
    pub(super) objects: Objects,
    pub(super) pools: Pools,
}

/// How the holders of numbers change, by pool and number.
pub type Holders = BTreeMap<(&'static str, u128), HolderChange>;

/// Who had a number and who has it afterwards; `None` if it is free.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HolderChange {
    /// Who had it.
    pub before: Option<Arc<str>>,
    /// Who has it afterwards.
    pub after: Option<Arc<str>>,
}

impl State {
    /// Applies the transaction and notes what it changed; after an error neither state nor batch are different.
    pub(super) fn apply(&mut self, tx: &Transaction, at: i64, batch: &mut Batch) -> Result<Committed, Error> {
        let revision = self.revision;
        let mut events = Vec::with_capacity(tx.ops.len());
        let applied = self.apply_ops(&tx.ops, at, &mut events);
        match applied.and_then(|results| self.check_claims(tx).map(|()| results)) {
            Ok(results) => {
                self.apply_claims(tx, &mut batch.holders);
                batch.events.extend(events);
                Ok(Committed { revision: self.revision, results })
            }
            Err(error) => {
                self.undo(&events);
                self.revision = revision;
                Err(error)
            }
        }
    }

    /// Applies an entry of the log.
    pub(super) fn replay(&mut self, entry: Entry) -> Result<Event, Error> {
        let Entry { revision, key, at, object } = entry;
        if revision < self.revision {
            return Err(Error::Contradiction { what: format!("revision {revision} of {key} is in the wrong place") });
        }
        let before = self.objects.get(&key).cloned();
        let event = match (object, before) {
            (Some(object), before) => {
                self.objects.insert_mut(key.clone(), Arc::clone(&object));
                Event::put(key, object, before, at)
            }
            (None, Some(before)) => {
                self.objects.remove_mut(&key);
                Event::delete(key, before, revision, at)
            }
            (None, None) => {
                let what = format!("revision {revision} deletes {key}, which is not there");
                return Err(Error::Contradiction { what });
            }
        };
        self.revision = revision;
        Ok(event)
    }

    /// Applies what the log says about holders: all there are, or changes.
    pub(super) fn replay_holders(&mut self, holders: Vec<Holder>, all: bool) {
        if all {
            self.pools = Pools::default();
        }
        for Holder { pool, number, holder } in holders {
            self.pools.release(&pool, number);
            if let Some(holder) = holder {
                self.pools.claim(&pool, number, holder);
            }
        }
    }

    /// Takes back changes of objects. Working on a copy instead would copy a path of the tree for every transaction.
    fn undo(&mut self, events: &[Arc<Event>]) {
        for event in events.iter().rev() {
            match &event.before {
                Some(before) => self.objects.insert_mut(event.key.clone(), Arc::clone(before)),
                None => {
                    self.objects.remove_mut(&event.key);
                }
            }
        }
    }

    fn apply_ops(&mut self, ops: &[Op], at: i64, events: &mut Vec<Arc<Event>>) -> Result<Vec<Arc<Stored>>, Error> {
        let mut results = Vec::with_capacity(ops.len());
        for (index, op) in ops.iter().enumerate() {
            let current = self.objects.get(op.key()).cloned();
            let expect = match (op, op.expect()) {
                (Op::Delete { .. }, Expect::Any) => Expect::Present,
                (_, expect) => expect,
            };
            let mismatch = || Error::Mismatch { op: index, key: op.key().clone(), current: current.clone() };
            if !expect.holds(current.as_deref()) {
                return Err(mismatch());
            }
            let event = match op {
                Op::Check { .. } => {
                    results.push(current.unwrap_or_else(|| Arc::new(Stored::absent())));
                    continue;
                }
                Op::Put { key, body, .. } => self.put(key, body, current, at),
                Op::Amend { key, amendment } => {
                    let body = current.as_deref().and_then(|current| amendment.of(current)).ok_or_else(mismatch)?;
                    if body.weight > TRANSACTION_BYTES_MAX {
                        return Err(Error::TooLarge { bytes: body.weight });
                    }
                    self.put(key, &body, current, at)
                }
                Op::Delete { key, .. } => {
                    let before = current.clone().ok_or_else(mismatch)?;
                    self.objects.remove_mut(key);
                    Event::delete(key.clone(), before, self.revision.next(), at)
                }
            };
            self.revision = event.revision;
            results.push(Arc::clone(&event.object));
            events.push(Arc::new(event));
        }
        Ok(results)
    }

    fn put(&mut self, key: &Key, body: &Body, current: Option<Arc<Stored>>, at: i64) -> Event {
        let object = Arc::new(Stored::new(body, self.revision.next()));
        self.objects.insert_mut(key.clone(), Arc::clone(&object));
        Event::put(key.clone(), object, current, at)
    }

    /// Whether every claim can be had once the releases are done.
    fn check_claims(&self, tx: &Transaction) -> Result<(), Error> {
        for (index, claim) in tx.claims.iter().enumerate() {
            let same = |other: &&Claim| other.pool == claim.pool && other.number == claim.number;
            let holder = self.pools.holder(claim.pool, claim.number).map(|holder| &**holder);
            let kept =
                holder.filter(|holder| !tx.releases.iter().filter(same).any(|release| release.holder == *holder));
            let earlier = tx.claims[..index].iter().find(same).map(|earlier| earlier.holder.as_str());
            if let Some(holder) = kept.or(earlier).filter(|holder| *holder != claim.holder) {
                return Err(Error::Held { pool: claim.pool, number: claim.number, holder: holder.to_owned() });
            }
        }
        Ok(())
    }

    fn apply_claims(&mut self, tx: &Transaction, changed: &mut Holders) {
        let mut note = |claim: &Claim, before: Option<&Arc<str>>, after: Option<&Arc<str>>| {
            let change = changed.entry((claim.pool, claim.number));
            let change = change.or_insert_with(|| HolderChange { before: before.cloned(), after: None });
            change.after = after.cloned();
        };
        for claim in &tx.releases {
            let held = self.pools.holder(claim.pool, claim.number).cloned();
            if let Some(holder) = held.filter(|holder| **holder == *claim.holder) {
                self.pools.release(claim.pool, claim.number);
                note(claim, Some(&holder), None);
            }
        }
        for claim in &tx.claims {
            if self.pools.holder(claim.pool, claim.number).is_none() {
                let holder: Arc<str> = claim.holder.as_str().into();
                note(claim, None, Some(&holder));
                self.pools.claim(claim.pool, claim.number, holder);
            }
        }
    }
}
