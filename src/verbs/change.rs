//! One write of one object with all that goes with it: companions, claims, releases, in one transaction.

use std::sync::Arc;

use serde_json::Value;

use super::{Api, Target, WriteOptions, metadata, stored};
use crate::{
    kinds::{Claim, Companion, Kind, Strategy},
    object::{Key, Revision, Status, meta, status::Result},
    store::{self, Expect, Op, Stored, Transaction},
    wire,
};

/// The object before and after a write, in stored form.
pub(super) struct Change<'a> {
    /// The stored kind.
    pub base: &'a Kind,
    /// The object's key.
    pub key: Key,
    /// What is stored, and at which revision.
    pub old: Option<(&'a Value, Revision)>,
    /// What the object becomes; `None` removes it.
    pub new: Option<&'a Value>,
    /// Whether a removal is preceded by a last update to `new_before_removal`.
    pub last: Option<&'a Value>,
}

/// Why a write did not happen.
pub(super) enum Refusal {
    /// The object changed, appeared or vanished since it was read.
    Raced(Option<Arc<Stored>>),
    /// Something that the object wanted for itself is taken by now.
    Contended,
    /// The write cannot be done.
    Failed(Box<Status>),
}

impl From<Box<Status>> for Refusal {
    fn from(status: Box<Status>) -> Self {
        Self::Failed(status)
    }
}

impl Api {
    /// Writes the change, all of it or nothing, and answers the object's new (or last) state.
    pub(super) async fn commit(&self, change: &Change<'_>) -> std::result::Result<Arc<Stored>, Refusal> {
        let transaction = self.transaction(change)?;
        let object_op = if change.last.is_some() { 1 } else { 0 };
        match self.0.store.commit(transaction).await {
            Ok(mut committed) => Ok(committed.results.swap_remove(object_op)),
            Err(store::Error::Mismatch { op: 0, current }) => Err(Refusal::Raced(current)),
            Err(store::Error::Mismatch { .. } | store::Error::Held { .. }) => Err(Refusal::Contended),
            Err(error) => Err(Refusal::Failed(Status::internal(error))),
        }
    }

    fn transaction(&self, change: &Change<'_>) -> Result<Transaction> {
        let strategy = &*change.base.strategy;
        let key = change.key.clone();
        let expect = change.old.map_or(Expect::Absent, |(_, revision)| Expect::At(revision));
        let mut ops = Vec::new();
        match (change.new, change.last) {
            (Some(new), _) => ops.push(Op::Put { key, expect, body: stored::body(new) }),
            (None, None) => ops.push(Op::Delete { key, expect }),
            (None, Some(last)) => {
                ops.push(Op::Put { key: key.clone(), expect, body: stored::body(last) });
                ops.push(Op::Delete { key, expect: Expect::Present });
            }
        }
        let old = change.old.map(|(value, _)| value);
        self.companions(old, change.new, strategy, &mut ops)?;
        let held = |object: Option<&Value>| object.map(|o| strategy.claims(o)).unwrap_or_default();
        let (before, after) = (held(old), held(change.new));
        let only_in = |these: &[Claim], those: &[Claim]| -> Vec<store::Claim> {
            let missing = these.iter().filter(|claim| !those.contains(claim));
            missing.map(|c| store::Claim { pool: c.pool, number: c.number, holder: change.key.to_string() }).collect()
        };
        Ok(Transaction { ops, claims: only_in(&after, &before), releases: only_in(&before, &after) })
    }

    /// Companions that appear are put, those that vanish are deleted.
    fn companions(
        &self,
        old: Option<&Value>,
        new: Option<&Value>,
        strategy: &dyn Strategy,
        ops: &mut Vec<Op>,
    ) -> Result<()> {
        let list = |object: Option<&Value>| object.map(|o| strategy.companions(o)).unwrap_or_default();
        let (before, after) = (list(old), list(new));
        let (old_keys, new_keys) = (keys(&before), keys(&after));
        for key in old_keys.iter().filter(|key| !new_keys.contains(key)) {
            if self.0.store.get(key).is_some() {
                ops.push(Op::Delete { key: key.clone(), expect: Expect::Any });
            }
        }
        for (companion, key) in after.into_iter().zip(&new_keys).filter(|(_, key)| !old_keys.contains(key)) {
            let Companion { kind, mut object } = companion;
            self.record(&kind, None, None, &mut object, &WriteOptions::internal("kube-apiserver"));
            metadata::stamp(&mut object, &kind, self.0.context.uid(key.as_str()), self.now());
            let object = wire::normalise(object, kind.schema());
            ops.push(Op::Put { key: key.clone(), expect: Expect::Absent, body: stored::body(&object) });
        }
        Ok(())
    }
}

/// Where companions are stored. There are few of them.
fn keys(companions: &[Companion]) -> Vec<Key> {
    let key =
        |Companion { kind, object }: &Companion| Target::new(kind, meta::namespace(object), meta::name(object)).key();
    companions.iter().map(key).collect()
}
