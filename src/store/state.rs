//! The state of everything at one revision, and how a transaction changes it.

use std::{collections::BTreeMap, sync::Arc};

use rpds::RedBlackTreeMapSync;

use crate::object::{Key, Revision};
use crate::store::{Committed, Error, Event, Expect, Op, Stored, Transaction, pool::Pools};

/// All objects in the order of their keys.
pub(super) type Objects = RedBlackTreeMapSync<Key, Arc<Stored>>;

/// Objects and pools at a revision. A clone costs nothing and does not see later changes.
#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) revision: Revision,
    pub(super) objects: Objects,
    pub(super) pools: Pools,
}

/// The changes that a batch of transactions makes, for the log and for the watches.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) events: Vec<Arc<Event>>,
    pub(super) claims: Claims,
}

/// Who has a number of a pool afterwards; `None` if it is free.
pub(super) type Claims = BTreeMap<(&'static str, u128), Option<Arc<str>>>;

impl State {
    /// Applies the transaction and notes what it changed; after an error neither state nor changes are different.
    pub(super) fn apply(&mut self, tx: &Transaction, at: i64, changes: &mut Changes) -> Result<Committed, Error> {
        let mut next = self.clone();
        let mut events = Vec::with_capacity(tx.ops.len());
        let results = next.apply_ops(&tx.ops, at, &mut events)?;
        let claims = next.apply_claims(tx)?;
        changes.events.extend(events);
        changes.claims.extend(claims);
        *self = next;
        Ok(Committed { revision: self.revision, results })
    }

    fn apply_ops(&mut self, ops: &[Op], at: i64, events: &mut Vec<Arc<Event>>) -> Result<Vec<Arc<Stored>>, Error> {
        let mut results = Vec::with_capacity(ops.len());
        for (index, op) in ops.iter().enumerate() {
            let current = self.objects.get(op.key()).cloned();
            let expect = match (op, op.expect()) {
                (Op::Delete { .. }, Expect::Any) => Expect::Present,
                (_, expect) => expect,
            };
            let mismatch = || Error::Mismatch { op: index, current: current.clone() };
            if !expect.holds(current.as_deref()) {
                return Err(mismatch());
            }
            let event = match op {
                Op::Check { .. } => {
                    results.push(current.unwrap_or_else(|| Arc::new(Stored::absent())));
                    continue;
                }
                Op::Put { key, body, .. } => {
                    let object = Arc::new(Stored::new(body, self.revision.next()));
                    self.objects.insert_mut(key.clone(), Arc::clone(&object));
                    Event::put(key.clone(), object, current, at)
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

    fn apply_claims(&mut self, tx: &Transaction) -> Result<Claims, Error> {
        let mut changed = Claims::new();
        for claim in &tx.releases {
            if self.pools.holder(claim.pool, claim.number).is_some_and(|holder| **holder == *claim.holder) {
                self.pools.release(claim.pool, claim.number);
                changed.insert((claim.pool, claim.number), None);
            }
        }
        for claim in &tx.claims {
            match self.pools.holder(claim.pool, claim.number) {
                Some(holder) if **holder == *claim.holder => {}
                Some(holder) => {
                    let holder = holder.to_string();
                    return Err(Error::Held { pool: claim.pool, number: claim.number, holder });
                }
                None => {
                    let holder: Arc<str> = claim.holder.as_str().into();
                    self.pools.claim(claim.pool, claim.number, Arc::clone(&holder));
                    changed.insert((claim.pool, claim.number), Some(holder));
                }
            }
        }
        Ok(changed)
    }
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty() && self.claims.is_empty()
    }
}
