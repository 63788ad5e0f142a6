//! Keeps as many pods as each ReplicaSet wants.

use std::{cmp::Reverse, collections::HashMap, sync::Arc, time::Duration};

use futures_util::{StreamExt, future::BoxFuture, stream};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::ownership::{self, Selections};
use crate::{
    controllers::engine::{
        controller::{Context, Controller, split_key},
        writes::{self, MANAGER},
    },
    world::{change::Change, informer::Informers, pod_view::PodView, recorder::Note},
};
use crate::{
    kinds::{
        apps::{replica_set, workload},
        pod,
    },
    object::{Status, meta, status::Result},
    verbs::{Caller, DeleteOptions, Target, rfc3339},
};

const NAME: &str = "replicaset-controller";
/// The condition that says that pods could not be created or deleted.
pub const FAILURE: &str = "ReplicaFailure";
/// Pods that are created or deleted at the same time.
const CONCURRENCY: usize = 64;
/// Pods that are created or deleted before it is looked again how many there are.
const BURST: usize = 500;

#[derive(Default)]
pub struct ReplicaSetController {
    selections: Selections,
}

/// A ReplicaSet, and the pods that it controls or could.
struct Replicas {
    set: Value,
    /// The pods that it controls and selects.
    pods: Vec<Arc<PodView>>,
    /// Pods that it controls but does not select any more.
    strays: Vec<Arc<PodView>>,
    /// Pods that it selects and nobody controls.
    orphans: Vec<Arc<PodView>>,
}

/// Why there are not as many pods as there should be.
struct Failure {
    /// `FailedCreate` or `FailedDelete`.
    reason: &'static str,
    status: Box<Status>,
}

impl Controller for ReplicaSetController {
    fn name(&self) -> &'static str {
        NAME
    }

    fn keys(&self, change: &Change, _: Context<'_>) -> Vec<String> {
        if change.is(&replica_set::DEF) {
            self.selections.apply(change);
            return vec![change.namespaced_name()];
        }
        if !change.is(&pod::DEF) {
            return Vec::new();
        }
        let namespace = change.key.namespace().unwrap_or_default();
        let owner = |pod: &Value| {
            let name = ownership::controller_name(pod, &replica_set::DEF)?;
            Some(format!("{namespace}/{name}"))
        };
        let mut keys: Vec<_> = [change.before(), change.now()].into_iter().flatten().filter_map(owner).collect();
        keys.dedup();
        keys.extend(change.now().into_iter().flat_map(|pod| self.selections.of_orphan(pod)));
        keys
    }

    fn reconcile<'a>(&'a self, key: &'a str, context: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let world = context.world;
            let (namespace, name) = split_key(key);
            let Some(set) = world.get(&replica_set::DEF, namespace, name).await? else { return Ok(()) };
            let mut replicas = Replicas::of(set, world);
            let mut managed = Ok(());
            if !meta::is_deleting(&replicas.set) {
                replicas.release(world).await?;
                replicas.adopt(world).await?;
                managed = replicas.manage(world).await;
            }
            if let Some(wait) = replicas.update_status(world, managed.as_ref().err()).await? {
                context.queue.add_after(key.to_owned(), wait);
            }
            managed.map_err(|failure| failure.status)
        })
    }
}

impl Replicas {
    fn of(set: Value, world: &Informers) -> Self {
        let (namespace, selector) = (meta::namespace(&set), workload::selector(&set));
        let selects = |pod: &Arc<PodView>| selector.as_ref().is_some_and(|selector| selector.matches(&pod.labels));
        let (own, mut orphans) =
            world.with_index(|index| (index.controlled(namespace, meta::uid(&set)), index.controlled(namespace, "")));
        orphans.retain(|pod| pod.is_active() && selects(pod));
        let (pods, strays) = own.into_iter().partition(selects);
        Self { set, pods, strays, orphans }
    }

    /// Releases the pods that it controls and does not select any more.
    async fn release(&self, world: &Informers) -> Result<()> {
        for stray in &self.strays {
            let pod = world.get(&pod::DEF, &stray.namespace, &stray.name).await?;
            if let Some(pod) = pod.filter(|pod| ownership::is_controlled(pod, &self.set)) {
                let mut owners = meta::items(&pod, &["metadata", "ownerReferences"]).to_vec();
                owners.retain(|owner| owner["uid"] != meta::uid(&self.set));
                ownership::set_owners(world, &pod::DEF, &pod, owners, MANAGER).await?;
            }
        }
        Ok(())
    }

    /// Adopts the pods that it selects and nobody controls.
    async fn adopt(&mut self, world: &Informers) -> Result<()> {
        for orphan in std::mem::take(&mut self.orphans) {
            let pod = world.get(&pod::DEF, &orphan.namespace, &orphan.name).await?;
            let Some(pod) = pod.filter(|pod| ownership::is_orphan(pod) && !meta::is_deleting(pod)) else { continue };
            let mut owners = meta::items(&pod, &["metadata", "ownerReferences"]).to_vec();
            owners.push(ownership::controller_reference(&self.set, &replica_set::DEF));
            ownership::set_owners(world, &pod::DEF, &pod, owners, MANAGER).await?;
            self.pods.push(orphan);
        }
        Ok(())
    }

    /// Creates the pods that are missing, or deletes the surplus, those first that are of the least use.
    async fn manage(&self, world: &Informers) -> std::result::Result<(), Failure> {
        let mut active: Vec<&PodView> = self.pods.iter().map(Arc::as_ref).filter(|pod| pod.is_active()).collect();
        let wanted = usize::try_from(workload::replicas(&self.set)).unwrap_or_default();
        if active.len() < wanted {
            let created = self.create(world, (wanted - active.len()).min(BURST)).await;
            return created.map_err(|status| Failure { reason: "FailedCreate", status });
        }
        sort_by_usefulness(&mut active);
        let surplus = active[..active.len() - wanted].iter().take(BURST);
        let surplus: Vec<_> = surplus.map(|pod| delete(world, &self.set, pod)).collect();
        let outcomes: Vec<Result<()>> = stream::iter(surplus).buffer_unordered(CONCURRENCY).collect().await;
        let deleted: Result<()> = outcomes.into_iter().collect();
        deleted.map_err(|status| Failure { reason: "FailedDelete", status })
    }

    /// Creates pods in batches that double in size, and stops after a batch with a failure: where one pod is refused, the
    /// others mostly are, too.
    async fn create(&self, world: &Informers, mut missing: usize) -> Result<()> {
        let mut batch = 1;
        while missing > 0 {
            let size = batch.min(missing);
            let pods: Vec<_> = (0..size).map(|_| create(world, &self.set)).collect();
            let outcomes: Vec<Result<()>> = stream::iter(pods).buffer_unordered(CONCURRENCY).collect().await;
            outcomes.into_iter().collect::<Result<()>>()?;
            (batch, missing) = (batch * 2, missing - size);
        }
        Ok(())
    }

    /// Writes the status. Returns after what time the next pod becomes available, if one only has to stay ready.
    async fn update_status(&self, world: &Informers, failure: Option<&Failure>) -> Result<Option<Duration>> {
        let Self { set, pods, .. } = self;
        let active: Vec<_> = pods.iter().filter(|pod| pod.is_active()).collect();
        let min_ready = meta::at(set, &["spec", "minReadySeconds"]).and_then(Value::as_i64).unwrap_or_default();
        let now = world.api.now();
        let waits: Vec<Duration> = active.iter().filter_map(|pod| until_available(pod, min_ready, now)).collect();
        let wanted = meta::map(set, &["spec", "template", "metadata", "labels"]).into_iter().flatten();
        let wanted: Vec<_> =
            wanted.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
        let members = json!({
            "fullyLabeledReplicas": active.iter().filter(|pod| pod.has_labels(&wanted)).count(),
            "readyReplicas": waits.len(),
            "availableReplicas": waits.iter().filter(|wait| wait.is_zero()).count(),
            "observedGeneration": meta::at(set, &["metadata", "generation"]),
        });
        let mut changes = ownership::status_changes(set, members).unwrap_or_else(|| json!({}));
        let terminating = pods.iter().filter(|pod| pod.is_deleting).count();
        for (member, count) in [("replicas", active.len()), ("terminatingReplicas", terminating)] {
            if meta::at(set, &["status", member]) != Some(&json!(count)) {
                changes["status"][member] = json!(count);
            }
        }
        if let Some(conditions) = self.conditions(failure, now) {
            changes["status"]["conditions"] = conditions;
        }
        if changes.get("status").is_some() {
            writes::merge(&world.api, MANAGER, &replica_set::DEF, set, "status", &changes).await?;
        }
        Ok(waits.into_iter().filter(|wait| !wait.is_zero()).min())
    }

    /// The conditions, if they change: `ReplicaFailure` says why pods could not be created or deleted.
    fn conditions(&self, failure: Option<&Failure>, now: Timestamp) -> Option<Value> {
        let known = ownership::condition(&self.set, FAILURE);
        let mut conditions = meta::items(&self.set, &["status", "conditions"]).to_vec();
        match (known, failure) {
            (None, Some(Failure { reason, status })) => conditions.push(json!({
                "type": FAILURE,
                "status": "True",
                "lastTransitionTime": rfc3339(now),
                "reason": reason,
                "message": status.message,
            })),
            (Some(_), None) => conditions.retain(|condition| condition["type"] != FAILURE),
            _ => return None,
        }
        Some(if conditions.is_empty() { Value::Null } else { conditions.into() })
    }
}

/// How long a pod must stay ready until it is available; `None` while it is not ready.
fn until_available(pod: &PodView, min_ready_seconds: i64, now: Timestamp) -> Option<Duration> {
    if !pod.is_ready || min_ready_seconds == 0 {
        return pod.is_ready.then_some(Duration::ZERO);
    }
    let since: Timestamp = pod.ready_since.parse().unwrap_or(now);
    let left = min_ready_seconds * 1000 - (now.as_millisecond() - since.as_millisecond());
    Some(Duration::from_millis(u64::try_from(left).unwrap_or_default()))
}

/// Sorts those first that are of the least use: unscheduled, pending, not ready, cheap to delete, one of many on its node,
/// ready for a short time, young.
fn sort_by_usefulness(pods: &mut [&PodView]) {
    let mut crowds: HashMap<&str, usize> = HashMap::new();
    for pod in pods.iter() {
        *crowds.entry(pod.node.as_str()).or_default() += 1;
    }
    let usefulness = |pod: &PodView| {
        let crowd = Reverse(crowds.get(pod.node.as_str()).copied());
        (!pod.node.is_empty(), pod.phase == "Running", pod.is_ready, pod.deletion_cost, crowd)
    };
    let youth = |pod: &&PodView| (Reverse(pod.ready_since.clone()), Reverse(pod.created.clone()), pod.name.clone());
    pods.sort_by_cached_key(youth);
    pods.sort_by_cached_key(|pod| usefulness(pod));
}

async fn create(world: &Informers, set: &Value) -> Result<()> {
    let template = |member: &str| meta::at(set, &["spec", "template", "metadata", member]).cloned();
    let mut pod = json!({
        "metadata": {
            "generateName": format!("{}-", meta::name(set)),
            "namespace": meta::namespace(set),
            "ownerReferences": [ownership::controller_reference(set, &replica_set::DEF)],
        },
        "spec": meta::at(set, &["spec", "template", "spec"]),
    });
    for member in ["labels", "annotations", "finalizers"] {
        meta::set(meta::metadata_mut(&mut pod), member, template(member).unwrap_or_default());
    }
    match writes::create(&world.api, &pod::DEF, pod).await {
        Ok(Some(pod)) => {
            record_event(world, set, "Normal", "SuccessfulCreate", &format!("Created pod: {}", meta::name(&pod))).await;
            Ok(())
        }
        // The namespace is being terminated, and this set with it.
        Ok(None) => Ok(()),
        Err(status) => {
            record_event(world, set, "Warning", "FailedCreate", &format!("Error creating: {}", status.message)).await;
            Err(status)
        }
    }
}

async fn delete(world: &Informers, set: &Value, pod: &PodView) -> Result<()> {
    let target = Target::new(&pod::DEF, &pod.namespace, &pod.name);
    let mut options = DeleteOptions::new(Caller::internal(MANAGER));
    options.preconditions.uid = Some(pod.uid.clone());
    if writes::delete_with(&world.api, &target, &options).await? {
        record_event(world, set, "Normal", "SuccessfulDelete", &format!("Deleted pod: {}", pod.name)).await;
    }
    Ok(())
}

async fn record_event(world: &Informers, set: &Value, kind: &str, reason: &str, message: &str) {
    world.recorder.record(set, Note { component: NAME, kind, reason, message }).await;
}
