//! Keeps the status of quotas: what may be used, as the spec says, and what the objects of the namespace use.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use crate::{
    controllers::engine::{
        controller::{Context, Controller, split_key},
        writes,
    },
    kinds::{
        Kind,
        apiextensions::custom_resource_definition,
        core::resource_quota::DEF,
        quota::{Amounts, Evaluator, add, amounts, evaluator, scopes},
    },
    object::{Reason, meta, status::Result},
    text::quantity::Quantity,
    verbs::{ListOptions, Target, view},
    world::{change::Change, informer::Informers},
};

/// How often a quota is counted again although nothing seems to have changed.
const RESYNC: Duration = Duration::from_secs(5 * 60);
/// How soon a quota is counted again that was charged while it was counted.
const RETRY: Duration = Duration::from_millis(20);

/// Counts what is used. New objects are counted by admission, so only what becomes less has to be looked at here.
#[derive(Default)]
pub struct ResourceQuotaController {
    /// The names of the quotas by namespace.
    quotas: Mutex<HashMap<String, BTreeSet<String>>>,
}

impl ResourceQuotaController {
    fn quotas(&self) -> MutexGuard<'_, HashMap<String, BTreeSet<String>>> {
        self.quotas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes which quotas there are; returns the key of one that limits something else than before.
    fn note(&self, change: &Change) -> Option<String> {
        let (namespace, name) = (change.key.namespace().unwrap_or_default(), change.key.name());
        let mut quotas = self.quotas();
        let Some(now) = change.now() else {
            let names = quotas.get_mut(namespace)?;
            names.remove(name);
            if names.is_empty() {
                quotas.remove(namespace);
            }
            return None;
        };
        quotas.entry(namespace.to_owned()).or_default().insert(name.to_owned());
        let is_same = change.before().is_some_and(|before| before.get("spec") == now.get("spec"));
        (!is_same).then(|| change.namespaced_name())
    }
}

impl Controller for ResourceQuotaController {
    fn name(&self) -> &'static str {
        "resourcequota-controller"
    }

    fn coalesces(&self) -> bool {
        true
    }

    fn keys(&self, change: &Change, Context { world, .. }: Context<'_>) -> Vec<String> {
        let mut keys: Vec<_> = if change.is(&DEF) { self.note(change).into_iter().collect() } else { Vec::new() };
        let quotas = self.quotas();
        if change.is(&custom_resource_definition::DEF) {
            // Quotas may count objects of a kind before it is there.
            keys.extend(quotas.iter().flat_map(|(namespace, names)| keys_of(namespace, names)));
        } else if let Some(namespace) = change.key.namespace()
            && let Some(names) = quotas.get(namespace)
            && usage_differs(change, world)
        {
            keys.extend(keys_of(namespace, names));
        }
        keys
    }

    fn reconcile<'a>(&'a self, key: &'a str, Context { world, queue }: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let (namespace, name) = split_key(key);
            let Some(mut quota) = world.get(&DEF, namespace, name).await? else { return Ok(()) };
            queue.requeue_after(key.to_owned(), RESYNC);
            let hard = amounts(&quota, &["spec", "hard"]);
            let (known_hard, known_used) = (amounts(&quota, &["status", "hard"]), amounts(&quota, &["status", "used"]));
            let mut used = known_used.clone();
            used.extend(usage(world, &quota, &hard).await?);
            used.retain(|name, _| hard.contains_key(name));
            let is_complete = ["hard", "used"].iter().all(|list| meta::at(&quota, &["status", list]).is_some());
            if hard == known_hard && used == known_used && is_complete {
                return Ok(());
            }
            let limits_anew = hard != known_hard;
            quota["status"] = json!({"hard": shown(&hard), "used": shown(&used)});
            // The quota must be as it was read: whatever has been charged since would be lost.
            match writes::update(&world.api, &DEF, DEF.subresource("status"), quota).await {
                // What came while it was counted was not charged, since nothing was limited yet.
                Ok(Some(_)) if limits_anew => queue.add(key.to_owned()),
                Ok(_) => {}
                // Where there are many writers that is no failure, and waiting longer would not help.
                Err(status) if status.reason == Reason::Conflict => queue.add_after(key.to_owned(), RETRY),
                Err(status) => return Err(status),
            }
            Ok(())
        })
    }
}

fn keys_of<'a>(namespace: &'a str, names: &'a BTreeSet<String>) -> impl Iterator<Item = String> + 'a {
    names.iter().map(move |name| format!("{namespace}/{name}"))
}

/// Whether an object has gone, or uses something else than before.
fn usage_differs(change: &Change, world: &Informers) -> bool {
    let Some(evaluator) = evaluator(&change.kind) else { return false };
    match (change.before(), change.now()) {
        (_, None) => true,
        (Some(before), Some(now)) if evaluator.changes() => {
            let moment = world.api.now();
            evaluator.usage(before, moment) != evaluator.usage(now, moment)
        }
        _ => false,
    }
}

/// What the objects of a quota's namespace use of what it limits.
async fn usage(world: &Informers, quota: &Value, hard: &Amounts) -> Result<Amounts> {
    let mut used = Amounts::new();
    let kinds: Vec<_> = world.api.registry().kinds().iter().filter(|kind| kind.is_stored()).cloned().collect();
    for kind in kinds {
        let Some(evaluator) = evaluator(&kind) else { continue };
        let measured: Vec<_> = hard.keys().filter(|name| evaluator.measures(name)).collect();
        if measured.is_empty() {
            continue;
        }
        let mut sum: Amounts = measured.iter().map(|name| ((*name).clone(), Quantity::whole(0))).collect();
        add_usage(world, quota, &kind, &*evaluator, &mut sum).await?;
        sum.retain(|name, _| measured.contains(&name));
        add(&mut used, sum);
    }
    Ok(used)
}

/// Adds what the objects of a kind use.
async fn add_usage(
    world: &Informers,
    quota: &Value,
    kind: &Kind,
    evaluator: &dyn Evaluator,
    sum: &mut Amounts,
) -> Result<()> {
    let target = Target::new(kind, meta::namespace(quota), "");
    let page = world.api.list(&target, &ListOptions::default()).await?;
    let scopes = scopes::requirements(quota);
    let now = world.api.now();
    for stored in &page.items {
        let object = view(kind, stored);
        if scopes.iter().all(|scope| evaluator.is_in(scope, &object)) {
            add(sum, evaluator.usage(&object, now));
        }
    }
    Ok(())
}

fn shown(amounts: &Amounts) -> Value {
    Value::Object(Map::from_iter(amounts.iter().map(|(name, amount)| (name.clone(), amount.to_string().into()))))
}
