//! Ends namespaces: removes their content, pods first, then the finalizer that keeps them.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::namespace_conditions::{self, Remains};
use crate::{
    controllers::engine::{
        controller::{Context, Controller},
        writes::{self, MANAGER},
    },
    world::{
        change::Change,
        decode::{decode, or_default},
        informer::Informers,
        meta_view::MetaView,
    },
};
use crate::{
    kinds::{Kind, Scope, Verb, core::namespace, pod},
    object::{meta, status::Result, well_known::KUBERNETES as FINALIZER},
    verbs::{Caller, DeleteOptions, ListOptions, Target, rfc3339},
};

/// Works off namespaces whose deletion has begun.
#[derive(Default)]
pub struct NamespaceController {
    /// The namespaces on their way out, whose content is watched.
    ending: Mutex<HashSet<String>>,
}

/// A namespace.
#[derive(Deserialize)]
struct NamespaceView<'a> {
    #[serde(borrow)]
    metadata: MetaView<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    spec: Spec<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    finalizers: Vec<&'a str>,
}

impl Controller for NamespaceController {
    fn name(&self) -> &'static str {
        "namespace-controller"
    }

    fn keys(&self, change: &Change, _: Context<'_>) -> Vec<String> {
        let mut ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        if change.is(&namespace::DEF) {
            let name = change.key.name().to_owned();
            if change.facts_now().is_some_and(|namespace| namespace.deleting) {
                ending.insert(name.clone());
                return vec![name];
            }
            ending.remove(&name);
            return Vec::new();
        }
        // What holds a namespace has gone or lost a finalizer, or came in before the end was known everywhere.
        let namespace = change.key.namespace().filter(|namespace| ending.contains(*namespace));
        namespace.map(str::to_owned).into_iter().collect()
    }

    fn reconcile<'a>(&'a self, key: &'a str, Context { world, .. }: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Some(found) = world.get(&namespace::DEF, "", key).await? else { return Ok(()) };
            let NamespaceView { metadata, spec } = decode(&found)?;
            if !metadata.is_deleting() || spec.finalizers.is_empty() {
                return Ok(());
            }
            let remains = empty(world, key).await?;
            let Some(found) = report(world, found, &remains).await? else { return Ok(()) };
            if remains.is_nothing() { finalize(world, found).await } else { Ok(()) }
        })
    }
}

/// Deletes what is in the namespace, everything else only after the last pod; returns what is left.
async fn empty(world: &Informers, namespace: &str) -> Result<Remains> {
    let mut remains = Remains::default();
    empty_of(world, &pod::DEF, namespace, &mut remains).await?;
    if remains.is_nothing() {
        for def in content_kinds(world) {
            empty_of(world, &def, namespace, &mut remains).await?;
        }
    }
    Ok(remains)
}

/// The kinds whose objects live in namespaces and can be deleted together.
fn content_kinds(world: &Informers) -> Vec<Kind> {
    let kinds = world.api.registry().kinds();
    let content = kinds
        .iter()
        .filter(|kind| kind.scope == Scope::Namespaced && kind.is_stored() && kind.allows(Verb::DeleteCollection));
    content.cloned().collect()
}

async fn empty_of(world: &Informers, def: &Kind, namespace: &str, remains: &mut Remains) -> Result<()> {
    let target = Target::new(def, namespace, "");
    let everything = ListOptions::default();
    if world.api.list(&target, &everything).await?.items.is_empty() {
        return Ok(());
    }
    let mut options = DeleteOptions::new(Caller::internal(MANAGER));
    options.propagation_policy = Some("Background".to_owned());
    world.api.delete_collection(&target, &everything, &options).await?;
    remains.note(def, &world.list(def, namespace).await?);
    Ok(())
}

/// Writes what is left into the conditions; returns the namespace as it is then.
async fn report(world: &Informers, mut found: Value, remains: &Remains) -> Result<Option<Value>> {
    let now = rfc3339(world.api.now());
    let status = meta::map_mut(&mut found, "status");
    let known = status.get("conditions").and_then(Value::as_array).cloned().unwrap_or_default();
    let conditions = namespace_conditions::update(&known, remains, &now);
    if conditions == known {
        return Ok(Some(found));
    }
    status.insert("conditions".into(), json!(conditions));
    writes::update(&world.api, &namespace::DEF, namespace::DEF.subresource("status"), found).await
}

async fn finalize(world: &Informers, mut found: Value) -> Result<()> {
    let NamespaceView { spec, .. } = decode(&found)?;
    let left: Vec<_> = spec.finalizers.into_iter().filter(|name| *name != FINALIZER).map(str::to_owned).collect();
    meta::set(meta::map_mut(&mut found, "spec"), "finalizers", json!(left));
    writes::update(&world.api, &namespace::DEF, namespace::DEF.subresource("finalize"), found).await?;
    Ok(())
}
