//! Keeps as many pods as each ReplicaSet wants.

use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::{StreamExt, future::BoxFuture, stream};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::ownership::{self, Selections};
use crate::{
    controllers::{
        Controller,
        engine::{
            queue::Queue,
            recorder::{Note, record},
            writes::MANAGER,
        },
        split_key,
    },
    world::{
        informer::{Change, Informers},
        pod_view::PodView,
    },
};
use crate::{
    kinds::{
        apps::{replica_set, workload},
        pod,
    },
    object::{Reason, meta, status::Result},
    verbs::{Caller, DecodedObject, DeleteOptions, Target, WriteOptions},
};

const NAME: &str = "replicaset-controller";
/// Pods that are created or deleted at the same time.
const CONCURRENCY: usize = 64;
/// Pods that are created or deleted before it is looked again how many there are.
const BURST: usize = 500;

#[derive(Default)]
pub struct ReplicaSetController {
    queue: OnceLock<Queue>,
    selections: Selections,
}

/// A ReplicaSet, and the pods that it controls or could.
struct Crew {
    set: Value,
    /// The pods that it controls and selects.
    pods: Vec<Arc<PodView>>,
    /// Pods that it controls but does not select any more.
    strays: Vec<Arc<PodView>>,
    /// Pods that it selects and nobody controls.
    orphans: Vec<Arc<PodView>>,
}

impl Controller for ReplicaSetController {
    fn name(&self) -> &'static str {
        NAME
    }

    fn attach(&self, queue: &Queue) {
        self.queue.get_or_init(|| queue.clone());
    }

    fn keys(&self, change: &Change, _world: &Informers) -> Vec<String> {
        if change.is(&replica_set::DEF) {
            self.selections.note(change);
            return vec![change.place()];
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

    fn reconcile<'a>(&'a self, key: &'a str, world: &'a Informers) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let (namespace, name) = split_key(key);
            let Some(set) = world.get(&replica_set::DEF, namespace, name).await? else { return Ok(()) };
            let mut crew = Crew::of(set, world);
            if !meta::is_deleting(&crew.set) {
                crew.let_go(world).await?;
                crew.adopt(world).await?;
                crew.manage(world).await?;
            }
            self.report(key, world, &crew).await
        })
    }
}

impl ReplicaSetController {
    async fn report(&self, key: &str, world: &Informers, Crew { set, pods, .. }: &Crew) -> Result<()> {
        let active: Vec<_> = pods.iter().filter(|pod| pod.is_active()).collect();
        let min_ready = meta::at(set, &["spec", "minReadySeconds"]).and_then(Value::as_i64).unwrap_or_default();
        let now = world.api.now();
        let waits: Vec<Duration> = active.iter().filter_map(|pod| until_available(pod, min_ready, now)).collect();
        if let (Some(queue), Some(wait)) = (self.queue.get(), waits.iter().filter(|wait| !wait.is_zero()).min()) {
            queue.add_after(key.to_owned(), *wait);
        }
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
        if changes.get("status").is_none() {
            return Ok(());
        }
        ownership::merge(world, &replica_set::DEF, set, "status", &changes, MANAGER).await
    }
}

impl Crew {
    fn of(set: Value, world: &Informers) -> Self {
        let (namespace, selector) = (meta::namespace(&set), workload::selector(&set));
        let selects = |pod: &Arc<PodView>| selector.as_ref().is_some_and(|selector| selector.matches(&pod.labels));
        let (own, mut orphans) =
            world.look(|index| (index.controlled(namespace, meta::uid(&set)), index.controlled(namespace, "")));
        orphans.retain(|pod| pod.is_active() && selects(pod));
        let (pods, strays) = own.into_iter().partition(selects);
        Self { set, pods, strays, orphans }
    }

    /// Gives up pods that somebody has taken away by changing their labels.
    async fn let_go(&self, world: &Informers) -> Result<()> {
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

    /// Takes over pods that nobody controls.
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

    /// Creates the pods that are missing, or deletes those that are missed least.
    async fn manage(&self, world: &Informers) -> Result<()> {
        let mut active: Vec<&PodView> = self.pods.iter().map(Arc::as_ref).filter(|pod| pod.is_active()).collect();
        let wanted = usize::try_from(workload::replicas(&self.set)).unwrap_or_default();
        let outcomes: Vec<Result<()>> = if active.len() < wanted {
            let missing: Vec<_> = (active.len()..wanted).take(BURST).map(|_| create(world, &self.set)).collect();
            stream::iter(missing).buffer_unordered(CONCURRENCY).collect().await
        } else if active.len() > wanted {
            sort_by_usefulness(&mut active);
            let surplus = active[..active.len() - wanted].iter().take(BURST);
            let surplus: Vec<_> = surplus.map(|pod| remove(world, &self.set, pod)).collect();
            stream::iter(surplus).buffer_unordered(CONCURRENCY).collect().await
        } else {
            Vec::new()
        };
        outcomes.into_iter().collect()
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

/// Sorts those first that are missed least: unscheduled, pending, not ready, cheap to delete, one of many on its node,
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

async fn remove(world: &Informers, set: &Value, pod: &PodView) -> Result<()> {
    let target = Target::new(&pod::DEF, &pod.namespace, &pod.name);
    let mut options = DeleteOptions::new(Caller::internal(MANAGER));
    options.preconditions.uid = Some(pod.uid.clone());
    match world.api.delete(&target, &options).await {
        Ok(_) => {
            let message = format!("Deleted pod: {}", pod.name);
            tell(world, set, "Normal", "SuccessfulDelete", &message).await;
            Ok(())
        }
        Err(status) if status.reason == Reason::NotFound => Ok(()),
        Err(status) => Err(status),
    }
}

async fn tell(world: &Informers, set: &Value, kind: &str, reason: &str, message: &str) {
    record(&world.api, set, Note { component: NAME, kind, reason, message }).await;
}
