//! Ends namespaces: removes their content, pods first, then the finalizer that keeps them.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{Controller, informer::Informers};
use crate::{
    kinds::{KindDef, Scope, Storage, Verb, namespace, pod},
    object::{Reason, Status, meta, status::Result},
    verbs::{Caller, DecodedObject, DeleteOptions, ListOptions, Target, WriteOptions},
};

/// The finalizer every namespace starts with.
const FINALIZER: &str = "kubernetes";

pub(super) struct NamespaceController;

impl Controller for NamespaceController {
    fn name(&self) -> &'static str {
        "namespace-controller"
    }

    fn follows(&self) -> &'static [&'static KindDef] {
        &[&namespace::DEF]
    }

    fn keys(&self, _def: &KindDef, _old: Option<&Value>, new: Option<&Value>, _world: &Informers) -> Vec<String> {
        new.filter(|object| meta::is_deleting(object)).map(|object| meta::name(object).to_owned()).into_iter().collect()
    }

    fn reconcile<'a>(&'a self, key: &'a str, world: &'a Informers) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Some(found) = world.get(&namespace::DEF, "", key).filter(|found| meta::is_deleting(found)) else {
                return Ok(());
            };
            if empty(world, &pod::DEF, key).await? {
                let mut emptied = true;
                for def in content_kinds(world) {
                    emptied &= empty(world, def, key).await?;
                }
                if emptied {
                    return finalize(world, &found).await;
                }
            }
            Err(Status::conflict("", "namespaces", key, "its content is not gone yet"))
        })
    }
}

/// The kinds whose objects live in namespaces and can be deleted together.
fn content_kinds(world: &Informers) -> impl Iterator<Item = &'static KindDef> {
    world.api.registry().iter().filter(|def| {
        def.scope == Scope::Namespaced && matches!(def.storage, Storage::Own) && def.allows(Verb::DeleteCollection)
    })
}

/// Deletes a kind's objects in the namespace; answers whether none is left.
async fn empty(world: &Informers, def: &'static KindDef, namespace: &str) -> Result<bool> {
    let target = Target::new(def, namespace, "");
    let everything = ListOptions::default();
    if world.api.list(&target, &everything).await?.items.is_empty() {
        return Ok(true);
    }
    let mut options = DeleteOptions::new(Caller::internal("namespace-controller"));
    options.propagation_policy = Some("Background".to_owned());
    world.api.delete_collection(&target, &everything, &options).await?;
    Ok(world.api.list(&target, &everything).await?.items.is_empty())
}

async fn finalize(world: &Informers, found: &Value) -> Result<()> {
    let def = &namespace::DEF;
    let mut object = found.clone();
    let left: Vec<_> =
        meta::items(&object, &["spec", "finalizers"]).iter().filter(|f| *f != FINALIZER).cloned().collect();
    meta::set(meta::map_mut(&mut object, "spec"), "finalizers", json!(left));
    let finalize = def.subresource("finalize");
    let target = Target::new(def, "", meta::name(found));
    let options = WriteOptions::internal("namespace-controller");
    match world.api.update(&target, finalize, DecodedObject::from(object), &options).await {
        Ok(_) => Ok(()),
        Err(status) if status.reason == Reason::NotFound => Ok(()),
        Err(status) => Err(status),
    }
}
