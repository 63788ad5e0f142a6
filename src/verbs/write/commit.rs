//! One write of one object with all that goes with it: companions, claims, releases, in one transaction.

use std::{borrow::Cow, collections::HashSet, sync::Arc};

use serde_json::Value;

use super::{Draft, Edit, Old, Write, WriteError};
use crate::{
    kinds::{Claim, Companion, Kind, KindDef, Strategy, rules::metadata},
    merge::managers,
    object::{
        Key, Revision, Status, meta,
        status::{Details, Result},
    },
    store::{self, Expect, Guard, Op, Stored, Transaction},
    verbs::{Answer, Api, Target, Written, admission::Reliance, read::stored},
    wire,
};

/// What clients see of etcd's limits.
const TOO_LARGE: &str = "etcdserver: request is too large";
const TOO_MANY_OPS: &str = "etcdserver: too many operations in txn request";

/// The object before and after a write, in stored form.
pub(in crate::verbs) struct Change<'a> {
    /// The stored kind.
    pub base: &'a Kind,
    /// The object's key.
    pub key: Key,
    /// What is stored, and at which revision.
    pub old: Option<(&'a Value, Revision)>,
    /// What the object becomes; `None` removes it.
    pub new: Option<&'a Value>,
    /// What watchers see of the object before it becomes that.
    pub steps: &'a [Value],
    /// What admission relied on.
    pub reliance: &'a Reliance,
}

impl Write<'_> {
    /// Stores what the write has come to, and returns what the client gets. An update that changes nothing is not
    /// stored, one that frees a deleted object removes it.
    pub(super) async fn store(&self, edit: &Edit<'_>, draft: Draft) -> std::result::Result<Written, WriteError> {
        let Draft { object, old, warnings, reliance, generated, .. } = draft;
        let answer = match &old {
            Some(old) => self.store_update(old, object, &reliance).await?,
            None => {
                let name = meta::name(&object).to_owned();
                if matches!(edit, Edit::Create(_)) && !self.options.dry_run {
                    refuse_revision(&object)?;
                }
                self.store_new(object, &reliance).await.map_err(|error| match error {
                    WriteError::Conflict(Some(current)) if matches!(edit, Edit::Create(_)) => {
                        let deleting = stored::facts(self.base(), &current).deleting;
                        WriteError::Exists { generated, status: exists(self.def(), &name, generated, deleting) }
                    }
                    error => error,
                })?
            }
        };
        Ok(Written { answer, created: old.is_none(), warnings })
    }

    async fn store_new(&self, mut object: Value, reliance: &Reliance) -> std::result::Result<Answer, WriteError> {
        let base = self.base();
        let key = Target::new(base, meta::namespace(&object), meta::name(&object)).key();
        if self.options.dry_run {
            return match self.api.0.store.get(&key) {
                Some(current) => Err(WriteError::Conflict(Some(current))),
                None => Ok(Answer::Value(self.shown(object, None).await?)),
            };
        }
        meta::metadata_mut(&mut object).shift_remove("resourceVersion");
        let object = self.stored_form(object).await?;
        let change = Change { base, key, old: None, new: Some(&object), steps: &[], reliance };
        let stored = self.api.commit(&change).await?;
        Ok(Answer::Stored(self.api.seen(self.def(), &stored).await?))
    }

    async fn store_update(
        &self,
        old: &Old,
        object: Value,
        reliance: &Reliance,
    ) -> std::result::Result<Answer, WriteError> {
        let (def, base) = (self.def(), self.base());
        let revision = old.stored.revision();
        if self.options.dry_run {
            return Ok(Answer::Value(self.shown(object, Some(revision)).await?));
        }
        let removes = is_freed(def, &object);
        let before = old.stored_form();
        let mut object = stored::without_type(base, self.stored_form(object).await?);
        managers::keep_times(&before, &mut object);
        meta::metadata_mut(&mut object).shift_remove("selfLink");
        if !removes && object == *before {
            return Ok(Answer::Stored(Arc::clone(&old.seen)));
        }
        let change = Change {
            base,
            key: self.target.key(),
            old: Some((&before, revision)),
            new: (!removes).then_some(&object),
            steps: &[],
            reliance,
        };
        let stored = self.api.commit(&change).await?;
        if removes {
            return Ok(Answer::Value(self.api.shown(def, object, Some(revision)).await?));
        }
        Ok(Answer::Stored(self.api.seen(def, &stored).await?))
    }

    /// The object as it is stored.
    async fn stored_form(&self, object: Value) -> Result<Value> {
        self.api.to_stored(self.def(), object).await
    }

    /// The object as a client would see it after it was stored.
    async fn shown(&self, object: Value, revision: Option<Revision>) -> Result<Value> {
        let def = self.def();
        let object = match &def.conversion {
            Some(conversion) => conversion.to_stored(object).await?,
            None => object,
        };
        self.api.shown(def, object, revision).await
    }
}

impl Old {
    /// What is stored, without `resourceVersion`.
    fn stored_form(&self) -> Cow<'_, Value> {
        if Arc::ptr_eq(&self.stored, &self.seen) {
            return Cow::Borrowed(&self.object);
        }
        let mut object = stored::parse(self.stored.bytes());
        meta::metadata_mut(&mut object).shift_remove("resourceVersion");
        Cow::Owned(object)
    }
}

impl Api {
    /// An object of this kind as it is stored.
    pub(in crate::verbs) async fn to_stored(&self, def: &Kind, object: Value) -> Result<Value> {
        let object = match &def.conversion {
            Some(conversion) => conversion.to_stored(object).await?,
            None => object,
        };
        stored::form(object, def.stored())
    }

    /// An object as a client of this kind would see it if it were stored so.
    pub(in crate::verbs) async fn shown(
        &self,
        def: &Kind,
        mut object: Value,
        revision: Option<Revision>,
    ) -> Result<Value> {
        if let Some(revision) = revision {
            meta::metadata_mut(&mut object).insert("resourceVersion".into(), revision.to_string().into());
        }
        let object = stored::form(object, def.stored())?;
        let object = match &def.conversion {
            Some(conversion) => conversion.to_seen(object).await?,
            None => object,
        };
        Ok(stored::with_type(def, object))
    }

    /// Writes the change, all of it or nothing, and returns the object's new (or last) state.
    pub(in crate::verbs) async fn commit(&self, change: &Change<'_>) -> std::result::Result<Arc<Stored>, WriteError> {
        let transaction = self.transaction(change)?;
        let is_relied_on = |op: &Op| matches!(op, Op::Check { .. } | Op::Amend { .. });
        let first_check = transaction.ops.iter().position(is_relied_on).unwrap_or(usize::MAX);
        let object_op = change.steps.len();
        match self.0.store.commit(transaction).await {
            Ok(mut committed) => Ok(committed.results.swap_remove(object_op)),
            Err(store::Error::Mismatch { op: 0, current, .. }) => Err(WriteError::Conflict(current)),
            Err(store::Error::Mismatch { op, .. }) if op >= first_check => Err(WriteError::Conflict(None)),
            Err(store::Error::Mismatch { .. } | store::Error::Held { .. }) => Err(WriteError::Taken),
            Err(store::Error::Guarded) => Err(WriteError::Failed(Status::no_such_resource())),
            Err(store::Error::TooLarge { .. }) => Err(WriteError::Failed(Status::untyped(TOO_LARGE))),
            Err(store::Error::TooManyOps { .. }) => Err(WriteError::Failed(Status::untyped(TOO_MANY_OPS))),
            Err(error) => Err(WriteError::Failed(Status::internal(error))),
        }
    }

    fn transaction(&self, change: &Change<'_>) -> Result<Transaction> {
        let strategy = &*change.base.strategy;
        let key = change.key.clone();
        let expect = change.old.map_or(Expect::Absent, |(_, revision)| Expect::At(revision));
        let mut ops = Vec::new();
        for object in change.steps.iter().chain(change.new) {
            let expect = if ops.is_empty() { expect } else { Expect::Present };
            ops.push(Op::Put { key: key.clone(), expect, body: stored::body(change.base, object) });
        }
        if change.new.is_none() {
            let expect = if ops.is_empty() { expect } else { Expect::Present };
            ops.push(Op::Delete { key, expect });
        }
        let old = change.old.map(|(value, _)| value);
        self.companions(old, change.new, strategy, &mut ops)?;
        let amendments = change.reliance.amendments.iter().cloned();
        ops.extend(amendments.map(|(key, amendment)| Op::Amend { key, amendment }));
        let checks = change.reliance.unchanged.iter().map(|(key, revision)| (key.clone(), Expect::At(*revision)));
        ops.extend(checks.map(|(key, expect)| Op::Check { key, expect }));
        let required = change.base.requires.clone().filter(|_| change.old.is_none());
        ops.extend(required.map(|key| Op::Check { key, expect: Expect::Present }));
        let held = |object: Option<&Value>| object.map_or(Ok(Vec::new()), |object| strategy.claims(object));
        let (before, after) = (held(old)?, held(change.new)?);
        let only_in = |these: &[Claim], those: &[Claim]| -> Vec<store::Claim> {
            let those: HashSet<_> = those.iter().collect();
            let missing = these.iter().filter(|claim| !those.contains(claim));
            missing.map(|c| store::Claim { pool: c.pool, number: c.number, holder: change.key.to_string() }).collect()
        };
        let guard = change.new.map(|_| self.is_served(change.base));
        Ok(Transaction { ops, claims: only_in(&after, &before), releases: only_in(&before, &after), guard })
    }

    /// Holds for as long as the kind is served: nothing may be stored of one that has been removed in the meantime.
    fn is_served(&self, kind: &Kind) -> Guard {
        let (api, kind) = (Arc::downgrade(&self.0), kind.clone());
        Guard::new(move || {
            let api = api.upgrade();
            api.is_some_and(|api| api.registry.kinds().stored(&kind.gvk.group, &kind.plural).is_some())
        })
    }

    /// Companions with their kinds.
    fn kinds_of(&self, companions: Vec<Companion>) -> Result<Vec<(Kind, Value)>> {
        let known = |companion: Companion| Ok((self.known_kind(&companion.gvk)?, companion.object));
        companions.into_iter().map(known).collect()
    }

    /// Companions that appear are put, those that vanish are deleted.
    fn companions(
        &self,
        old: Option<&Value>,
        new: Option<&Value>,
        strategy: &dyn Strategy,
        ops: &mut Vec<Op>,
    ) -> Result<()> {
        let list = |object: Option<&Value>| object.map_or(Ok(Vec::new()), |object| strategy.companions(object));
        let (before, after) = (self.kinds_of(list(old)?)?, self.kinds_of(list(new)?)?);
        let (old_keys, new_keys) = (keys(&before), keys(&after));
        for key in old_keys.iter().filter(|key| !new_keys.contains(key)) {
            if self.0.store.get(key).is_some() {
                ops.push(Op::Delete { key: key.clone(), expect: Expect::Any });
            }
        }
        for (companion, key) in after.into_iter().zip(&new_keys).filter(|(_, key)| !old_keys.contains(key)) {
            let (kind, mut object) = companion;
            self.own_by_server(&kind, None, None, &mut object);
            metadata::stamp(&mut object, &kind, self.0.context.uid(key.as_str()), self.now());
            let object = wire::normalise(object, kind.schema());
            ops.push(Op::Put { key: key.clone(), expect: Expect::Absent, body: stored::body(&kind, &object) });
        }
        Ok(())
    }
}

/// Where companions are stored. There are few of them.
fn keys(companions: &[(Kind, Value)]) -> Vec<Key> {
    let key = |(kind, object): &(Kind, Value)| Target::new(kind, meta::namespace(object), meta::name(object)).key();
    companions.iter().map(key).collect()
}

/// A new object has no revision yet. What is no number does not count as one.
fn refuse_revision(object: &Value) -> Result<()> {
    match meta::resource_version(object).parse::<u64>() {
        Ok(revision) if revision != 0 => {
            Err(Status::untyped("resourceVersion should not be set on objects to be created"))
        }
        _ => Ok(()),
    }
}

/// Whether an object whose deletion has begun has nothing left that holds it.
fn is_freed(base: &KindDef, object: &Value) -> bool {
    let grace = meta::at(object, &["metadata", "deletionGracePeriodSeconds"]).and_then(Value::as_i64);
    meta::is_deleting(object)
        && grace.unwrap_or_default() == 0
        && meta::finalizers(object).is_empty()
        && !base.strategy.is_held(object)
}

fn exists(def: &KindDef, name: &str, generated: bool, deleting: bool) -> Box<Status> {
    let mut status = Status::already_exists(&def.gvk.group, &def.plural, name);
    if generated {
        status.message.push_str(", the server was not able to generate a unique name for the object");
        status.details.get_or_insert_with(Details::default).retry_after_seconds = 1;
    }
    if deleting {
        status.message = format!("object is being deleted: {}", status.message);
    }
    status
}
