//! The garbage collector: deletes what has lost its owners, and lets go of what waits for its dependents to be deleted or
//! orphaned.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::owners::{self, Owners};
use crate::{
    controllers::engine::{
        controller::{Context, Controller},
        writes,
    },
    world::{change::Change, informer::Informers, meta_view::OwnerReference, recorder::Note},
};
use crate::{
    kinds::{
        Kind,
        core::{event, namespace},
        events_event,
    },
    object::{
        Facts, Key,
        gvk::split_api_version,
        meta,
        status::Result,
        well_known::{FOREGROUND_DELETION as FOREGROUND, ORPHAN},
    },
};

const NAME: &str = "garbage-collector-controller";

/// Deletes what has lost its owners.
#[derive(Default)]
pub struct GarbageCollector {
    owners: Mutex<Owners>,
}

/// What an owner reference leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// It is there.
    Solid,
    /// It is there until its dependents are gone.
    Waiting,
    /// It is gone, or another object has its name.
    Gone,
    /// Nobody can tell: the kind is unknown here, or lives in namespaces while the dependent does not.
    Unknown,
}

/// An object that names another one as its owner.
struct Dependent {
    kind: Kind,
    object: Value,
    /// Whether the owner is kept until it is gone.
    blocks: bool,
}

impl Controller for GarbageCollector {
    fn name(&self) -> &'static str {
        NAME
    }

    fn keys(&self, change: &Change, _: Context<'_>) -> Vec<String> {
        if change.is(&event::DEF) || change.is(&events_event::DEF) {
            return Vec::new();
        }
        let mut owners = self.owners();
        let mut dirty: Vec<Key> = Vec::new();
        let uids = |facts: Option<&Facts>| facts.map(|facts| facts.owners.clone()).unwrap_or_default();
        let (old, new) = (uids(change.facts_before()), uids(change.facts_now()));
        owners.note(&change.key, &old, &new);
        if !new.is_empty() && old != new {
            dirty.push(change.key.clone());
        }
        dirty.extend(old.iter().chain(&new).filter_map(|uid| owners.waiting(uid)).cloned());
        if let Some(object) = change.facts_now().filter(|object| object.deleting) {
            let waits = object.finalizers.iter().any(|finalizer| finalizer == FOREGROUND || finalizer == ORPHAN);
            owners.note_waiting(&object.uid, &change.key, waits);
            dirty.extend(waits.then(|| change.key.clone()));
        }
        if let Some(object) = change.facts_before().filter(|_| change.is_removal()) {
            owners.note_waiting(&object.uid, &change.key, false);
            dirty.extend(owners.dependents(&object.uid));
        }
        dirty.into_iter().map(|key| key.as_str().to_owned()).collect()
    }

    fn reconcile<'a>(&'a self, key: &'a str, Context { world, .. }: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Some((def, object)) = fetch(world, &Key::new(key)).await? else { return Ok(()) };
            if is_waiting(&object, ORPHAN) {
                return self.orphan(world, &def, &object).await;
            }
            if is_waiting(&object, FOREGROUND) {
                return self.delete_dependents(world, &def, &object).await;
            }
            self.collect(world, &def, &object).await
        })
    }
}

impl GarbageCollector {
    /// Lets the dependents of an object forget it.
    async fn orphan(&self, world: &Informers, def: &Kind, object: &Value) -> Result<()> {
        for Dependent { kind, object: dependent, .. } in self.dependents(world, object).await? {
            writes::update(&world.api, &kind, None, owners::without(&dependent, &[meta::uid(object)])).await?;
        }
        writes::update(&world.api, def, None, owners::without_finalizer(object, ORPHAN)).await?;
        Ok(())
    }

    /// Deletes the dependents that an object waits for, and lets it go when there are none.
    async fn delete_dependents(&self, world: &Informers, def: &Kind, object: &Value) -> Result<()> {
        let mut dependents = self.dependents(world, object).await?;
        dependents.retain(|dependent| dependent.blocks);
        if dependents.is_empty() {
            writes::update(&world.api, def, None, owners::without_finalizer(object, FOREGROUND)).await?;
        }
        for Dependent { kind, object: dependent, .. } in dependents {
            self.collect(world, &kind, &dependent).await?;
        }
        Ok(())
    }

    /// Deletes an object that no owner holds any more, unless it never had one.
    async fn collect(&self, world: &Informers, def: &Kind, object: &Value) -> Result<()> {
        if meta::is_deleting(object) {
            return Ok(());
        }
        let (mut solid, mut waiting, mut useless) = (false, false, Vec::new());
        for reference in owners::references(object)? {
            match owner(world, object, &reference).await? {
                Owner::Unknown => return Ok(()),
                Owner::Solid => solid = true,
                found => {
                    if found == Owner::Gone {
                        warn_of_other_namespace(world, object, &reference).await?;
                    }
                    waiting |= found == Owner::Waiting;
                    useless.push(reference.uid);
                }
            }
        }
        if useless.is_empty() {
            return Ok(());
        }
        if solid {
            writes::update(&world.api, def, None, owners::without(object, &useless)).await?;
            return Ok(());
        }
        let dependents = if waiting { self.dependents(world, object).await? } else { Vec::new() };
        if dependents.is_empty() {
            let finalizers = meta::finalizers(object);
            let policy = match () {
                () if finalizers.contains(&ORPHAN) => "Orphan",
                () if finalizers.contains(&FOREGROUND) => "Foreground",
                () => "Background",
            };
            return writes::delete(&world.api, def, object, policy).await;
        }
        // Objects that own each other would wait for each other for ever.
        if dependents.iter().any(|dependent| is_waiting(&dependent.object, FOREGROUND)) {
            writes::update(&world.api, def, None, owners::unblocked(object)).await?;
        }
        writes::delete(&world.api, def, object, "Foreground").await
    }

    async fn dependents(&self, world: &Informers, owner: &Value) -> Result<Vec<Dependent>> {
        let uid = meta::uid(owner);
        let keys = self.owners().dependents(uid);
        let mut dependents = Vec::new();
        for key in keys {
            let Some((kind, object)) = fetch(world, &key).await? else { continue };
            let references = owners::references(&object)?;
            let mut to_owner = references.iter().filter(|reference| reference.uid == uid).peekable();
            if to_owner.peek().is_some() {
                let blocks = to_owner.any(|reference| reference.block_owner_deletion == Some(true));
                dependents.push(Dependent { kind, object, blocks });
            }
        }
        Ok(dependents)
    }

    fn owners(&self) -> MutexGuard<'_, Owners> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks for the owner that a reference names.
async fn owner(world: &Informers, dependent: &Value, reference: &OwnerReference<'_>) -> Result<Owner> {
    let (group, version) = split_api_version(reference.api_version);
    let Some(def) = world.api.registry().kind(group, version, reference.kind) else { return Ok(Owner::Unknown) };
    let namespace = if def.is_namespaced() { meta::namespace(dependent) } else { "" };
    if def.is_namespaced() && namespace.is_empty() {
        return Ok(Owner::Unknown);
    }
    let found = world.get(&def, namespace, reference.name).await?;
    Ok(match found.filter(|found| meta::uid(found) == reference.uid) {
        None => Owner::Gone,
        Some(found) if is_waiting(&found, FOREGROUND) => Owner::Waiting,
        Some(_) => Owner::Solid,
    })
}

/// Records a warning if the owner that a reference names is in another namespace, where it cannot own the object.
async fn warn_of_other_namespace(world: &Informers, dependent: &Value, reference: &OwnerReference<'_>) -> Result<()> {
    let OwnerReference { api_version, name, uid, .. } = reference;
    let (group, version) = split_api_version(api_version);
    let Some(kind) = world.api.registry().kind(group, version, reference.kind).filter(|kind| kind.is_namespaced())
    else {
        return Ok(());
    };
    let own = meta::namespace(dependent);
    for namespace in world.list(&namespace::DEF, "").await? {
        let found = world.get(&kind, meta::name(&namespace), name).await?;
        if meta::name(&namespace) == own || found.is_none_or(|found| meta::uid(&found) != *uid) {
            continue;
        }
        let owner = format!("[{api_version}/{}, namespace: {own}, name: {name}, uid: {uid}]", reference.kind);
        let message = format!("ownerRef {owner} does not exist in namespace {own:?}");
        let reason = "OwnerRefInvalidNamespace";
        let note = Note { component: NAME, kind: "Warning", reason, message: &message };
        world.recorder.record(dependent, note).await;
    }
    Ok(())
}

async fn fetch(world: &Informers, key: &Key) -> Result<Option<(Kind, Value)>> {
    let Some(def) = world.kind_of(key) else { return Ok(None) };
    let found = world.get(&def, key.namespace().unwrap_or_default(), key.name()).await?;
    Ok(found.map(|object| (def, object)))
}

/// Whether an object's deletion has begun and this finalizer holds it.
fn is_waiting(object: &Value, finalizer: &str) -> bool {
    meta::is_deleting(object) && meta::finalizers(object).contains(&finalizer)
}
