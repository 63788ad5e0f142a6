//! Keeps as many pods as each ReplicaSet wants.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt, future::BoxFuture, stream};
use serde_json::{Value, json};

use super::{
    Controller,
    informer::{Change, Informers},
    key_of,
    queue::Queue,
    recorder::{Note, record},
    split_key, workloads,
    writes::MANAGER,
};
use crate::{
    kinds::{pod, replica_set, workload},
    object::{
        Reason,
        meta::{self, Object},
        selector::LabelSelector,
        status::Result,
    },
    verbs::{Caller, DecodedObject, DeleteOptions, Target, WriteOptions},
};

const NAME: &str = "replicaset-controller";
/// Pods that are created or deleted at the same time.
const BURST: usize = 64;

#[derive(Default)]
pub(super) struct ReplicaSetController {
    queue: OnceLock<Queue>,
    /// The selector of every ReplicaSet.
    selectors: Mutex<BTreeMap<String, LabelSelector>>,
    /// Pods that their ReplicaSet does not select any more: the set's key and the pod's name.
    strays: Mutex<BTreeSet<(String, String)>>,
}

impl Controller for ReplicaSetController {
    fn name(&self) -> &'static str {
        NAME
    }

    fn attach(&self, queue: &Queue) {
        self.queue.get_or_init(|| queue.clone());
    }

    fn keys(&self, change: &Change, _world: &Informers) -> Vec<String> {
        let Some(newest) = change.newest() else { return Vec::new() };
        if change.is(&replica_set::DEF) {
            let selector = change.now().and_then(workload::selector);
            let mut selectors = self.selectors();
            match selector {
                Some(selector) => selectors.insert(key_of(newest), selector),
                None => selectors.remove(&key_of(newest)),
            };
            return vec![key_of(newest)];
        }
        if !change.is(&pod::DEF) {
            return Vec::new();
        }
        let namespace = meta::namespace(newest);
        let owner = |pod: &Value| {
            let name = workloads::controller_name(pod, &replica_set::DEF)?;
            Some(format!("{namespace}/{name}"))
        };
        let mut keys: Vec<_> = [change.before(), change.now()].into_iter().flatten().filter_map(owner).collect();
        keys.dedup();
        if let Some(pod) = change.now()
            && let Some(set) = owner(pod)
            && self.selectors().get(&set).is_some_and(|selector| !selector.matches_map(labels_of(pod)))
        {
            self.strays().insert((set, meta::name(pod).to_owned()));
        }
        if let Some(orphan) = change.now().filter(|pod| is_orphan(pod)) {
            let (selectors, prefix) = (self.selectors(), format!("{namespace}/"));
            let labels = labels_of(orphan);
            let in_namespace = selectors.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
            let selecting = in_namespace.filter(|(_, selector)| selector.matches_map(labels));
            keys.extend(selecting.map(|(key, _)| key.clone()));
        }
        keys
    }

    fn reconcile<'a>(&'a self, key: &'a str, world: &'a Informers) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let (namespace, name) = split_key(key);
            let Some(set) = world.get(&replica_set::DEF, namespace, name).await? else { return Ok(()) };
            let mut pods = workloads::list(world, &pod::DEF, namespace, workload::selector_text(&set)).await?;
            pods.retain(|pod| belongs(pod, &set));
            if !meta::is_deleting(&set) {
                self.let_go(key, world, &set).await?;
                adopt(world, &set, &pods).await?;
                manage(world, &set, &pods).await?;
            }
            self.report(key, world, &set, &pods).await
        })
    }
}

impl ReplicaSetController {
    fn selectors(&self) -> MutexGuard<'_, BTreeMap<String, LabelSelector>> {
        self.selectors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn strays(&self) -> MutexGuard<'_, BTreeSet<(String, String)>> {
        self.strays.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives up pods that somebody has taken away by changing their labels.
    async fn let_go(&self, key: &str, world: &Informers, set: &Value) -> Result<()> {
        let strays: Vec<_> = self.strays().iter().filter(|(set, _)| set == key).cloned().collect();
        for stray in strays {
            let pod = world.get(&pod::DEF, meta::namespace(set), &stray.1).await?;
            if let Some(pod) = pod.filter(|pod| workloads::is_controlled(pod, set) && !selects(set, pod)) {
                let mut owners = meta::items(&pod, &["metadata", "ownerReferences"]).to_vec();
                owners.retain(|owner| owner["uid"] != meta::uid(set));
                let owners = if owners.is_empty() { Value::Null } else { json!(owners) };
                let changes = json!({"metadata": {"uid": meta::uid(&pod), "ownerReferences": owners}});
                workloads::merge(world, &pod::DEF, &pod, "", &changes, MANAGER).await?;
            }
            self.strays().remove(&stray);
        }
        Ok(())
    }

    async fn report(&self, key: &str, world: &Informers, set: &Value, pods: &[Value]) -> Result<()> {
        let owned = || pods.iter().filter(|pod| workloads::is_controlled(pod, set));
        let active: Vec<_> = owned().filter(|pod| workloads::is_active(pod)).collect();
        let min_ready = meta::at(set, &["spec", "minReadySeconds"]).and_then(Value::as_i64).unwrap_or_default();
        let now = world.api.now();
        let waits: Vec<Duration> =
            active.iter().filter_map(|pod| workloads::until_available(pod, min_ready, now)).collect();
        if let (Some(queue), Some(wait)) = (self.queue.get(), waits.iter().filter(|wait| !wait.is_zero()).min()) {
            queue.add_after(key.to_owned(), *wait);
        }
        let wanted_labels = meta::map(set, &["spec", "template", "metadata", "labels"]);
        let fully_labeled = active.iter().filter(|pod| {
            let labels = meta::map(pod, &["metadata", "labels"]);
            wanted_labels.into_iter().flatten().all(|(key, value)| labels.and_then(|l| l.get(key)) == Some(value))
        });
        let members = json!({
            "fullyLabeledReplicas": fully_labeled.count(),
            "readyReplicas": waits.len(),
            "availableReplicas": waits.iter().filter(|wait| wait.is_zero()).count(),
            "observedGeneration": meta::at(set, &["metadata", "generation"]),
        });
        let mut changes = workloads::status_changes(set, members).unwrap_or_else(|| json!({}));
        let terminating = owned().filter(|pod| meta::is_deleting(pod)).count();
        for (member, count) in [("replicas", active.len()), ("terminatingReplicas", terminating)] {
            if meta::at(set, &["status", member]) != Some(&json!(count)) {
                changes["status"][member] = json!(count);
            }
        }
        if changes.get("status").is_none() {
            return Ok(());
        }
        workloads::merge(world, &replica_set::DEF, set, "status", &changes, MANAGER).await
    }
}

fn is_orphan(pod: &Value) -> bool {
    !meta::items(pod, &["metadata", "ownerReferences"]).iter().any(|owner| owner["controller"] == true)
}

fn labels_of(pod: &Value) -> Option<&Object> {
    meta::map(pod, &["metadata", "labels"])
}

fn selects(set: &Value, pod: &Value) -> bool {
    meta::namespace(set) == meta::namespace(pod)
        && workload::selector(set).is_some_and(|selector| selector.matches_map(labels_of(pod)))
}

/// Whether the pod is the set's, or could be.
fn belongs(pod: &Value, set: &Value) -> bool {
    workloads::is_controlled(pod, set) || (is_orphan(pod) && workloads::is_active(pod) && selects(set, pod))
}

/// Takes over pods that nobody controls.
async fn adopt(world: &Informers, set: &Value, pods: &[Value]) -> Result<()> {
    for orphan in pods.iter().filter(|pod| is_orphan(pod)) {
        let mut owners = meta::items(orphan, &["metadata", "ownerReferences"]).to_vec();
        owners.push(workloads::controller_reference(set, &replica_set::DEF));
        let changes = json!({"metadata": {"uid": meta::uid(orphan), "ownerReferences": owners}});
        workloads::merge(world, &pod::DEF, orphan, "", &changes, MANAGER).await?;
    }
    Ok(())
}

/// Creates the pods that are missing, or deletes the least useful ones.
async fn manage(world: &Informers, set: &Value, pods: &[Value]) -> Result<()> {
    let mut active: Vec<&Value> = pods.iter().filter(|pod| workloads::is_active(pod)).collect();
    let wanted = usize::try_from(workload::replicas(set)).unwrap_or_default();
    let outcomes: Vec<Result<()>> = if active.len() < wanted {
        let missing: Vec<_> = (active.len()..wanted).map(|_| create(world, set)).collect();
        stream::iter(missing).buffer_unordered(BURST).collect().await
    } else {
        active.sort_by_cached_key(|pod| usefulness(pod));
        let surplus: Vec<_> = active[..active.len() - wanted].iter().map(|pod| remove(world, set, pod)).collect();
        stream::iter(surplus).buffer_unordered(BURST).collect().await
    };
    outcomes.into_iter().collect()
}

async fn create(world: &Informers, set: &Value) -> Result<()> {
    let template = |member: &str| meta::at(set, &["spec", "template", "metadata", member]).cloned();
    let mut pod = json!({
        "metadata": {
            "generateName": format!("{}-", meta::name(set)),
            "namespace": meta::namespace(set),
            "ownerReferences": [workloads::controller_reference(set, &replica_set::DEF)],
        },
        "spec": meta::at(set, &["spec", "template", "spec"]),
    });
    for member in ["labels", "annotations", "finalizers"] {
        meta::set(meta::metadata_mut(&mut pod), member, template(member).unwrap_or_default());
    }
    let target = Target::new(&pod::DEF, meta::namespace(set), "");
    match world.api.create(&target, DecodedObject::from(pod), &WriteOptions::internal(MANAGER)).await {
        Ok(written) => {
            let pod = written.answer.into_value(&pod::DEF);
            let message = format!("Created pod: {}", meta::name(&pod));
            tell(world, set, "Normal", "SuccessfulCreate", &message).await;
            Ok(())
        }
        // The namespace is on its way out, and this set with it.
        Err(status) if status.message.contains("is being terminated") => Ok(()),
        Err(status) => {
            tell(world, set, "Warning", "FailedCreate", &format!("Error creating: {}", status.message)).await;
            Err(status)
        }
    }
}

async fn remove(world: &Informers, set: &Value, pod: &Value) -> Result<()> {
    let target = Target::new(&pod::DEF, meta::namespace(pod), meta::name(pod));
    let mut options = DeleteOptions::new(Caller::internal(MANAGER));
    options.preconditions.uid = Some(meta::uid(pod).to_owned());
    match world.api.delete(&target, &options).await {
        Ok(_) => {
            let message = format!("Deleted pod: {}", meta::name(pod));
            tell(world, set, "Normal", "SuccessfulDelete", &message).await;
            Ok(())
        }
        Err(status) if status.reason == Reason::NotFound => Ok(()),
        Err(status) => Err(status),
    }
}

/// Sorts those first that are missed least: unscheduled, pending, not ready, ready for a short time, young.
fn usefulness(pod: &Value) -> impl Ord + use<> {
    let ready_since = workloads::condition(pod, "Ready").map_or("", |c| meta::text(c, &["lastTransitionTime"]));
    (
        !meta::text(pod, &["spec", "nodeName"]).is_empty(),
        meta::text(pod, &["status", "phase"]) == "Running",
        workloads::is_true(pod, "Ready"),
        std::cmp::Reverse(ready_since.to_owned()),
        std::cmp::Reverse(meta::text(pod, &["metadata", "creationTimestamp"]).to_owned()),
        meta::name(pod).to_owned(),
    )
}

async fn tell(world: &Informers, set: &Value, kind: &str, reason: &str, message: &str) {
    record(&world.api, set, Note { component: NAME, kind, reason, message }).await;
}
