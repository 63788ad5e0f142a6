//! Rolls out Deployments: one ReplicaSet per version of the template, and pods moved from the old ones to the new one.

use std::{sync::OnceLock, time::Duration};

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::{
    adoption,
    ownership::{self, Selections},
    rollout::{self, Bounds, Step},
};
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
    world::informer::{Change, Informers},
};
use crate::{
    kinds::apps::{deployment, replica_set, workload},
    object::{Reason, meta, status::Result, well_known::LAST_APPLIED},
    verbs::{Caller, DecodedObject, DeleteOptions, Target, WriteOptions, rfc3339},
};

const NAME: &str = "deployment-controller";
/// The label that tells the pods of different versions apart.
const HASH: &str = "pod-template-hash";
/// The number of a version, on ReplicaSets and on the Deployment.
const REVISION: &str = "deployment.kubernetes.io/revision";
/// The numbers that a ReplicaSet had before, when its template comes back.
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
/// Annotations of a Deployment that its ReplicaSets do not get.
const NOT_COPIED: [&str; 6] =
    [LAST_APPLIED, REVISION, HISTORY, rollout::DESIRED, rollout::MAX, "deprecated.deployment.rollback.to"];
/// The letters that hashes are written in.
const SAFE: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

#[derive(Default)]
pub struct DeploymentController {
    queue: OnceLock<Queue>,
    selections: Selections,
}

/// A Deployment and its ReplicaSets as they are now.
struct Rollout {
    deployment: Value,
    /// The ReplicaSet of the present template.
    new: Option<Value>,
    /// Whether that has just been created.
    is_new: bool,
    /// All others, oldest first.
    old: Vec<Value>,
}

/// How many pods the ReplicaSets say they have.
struct Counts {
    replicas: i64,
    updated: i64,
    ready: i64,
    available: i64,
    terminating: i64,
}

impl Controller for DeploymentController {
    fn name(&self) -> &'static str {
        NAME
    }

    fn attach(&self, queue: &Queue) {
        self.queue.get_or_init(|| queue.clone());
    }

    fn keys(&self, change: &Change, _world: &Informers) -> Vec<String> {
        if change.is(&deployment::DEF) {
            self.selections.note(change);
            return vec![change.place()];
        }
        let set = if change.is(&replica_set::DEF) { change.newest() } else { None };
        let Some(set) = set else { return Vec::new() };
        let owner = ownership::controller_name(set, &deployment::DEF);
        let owner = owner.map(|name| format!("{}/{name}", meta::namespace(set)));
        owner.into_iter().chain(self.selections.of_orphan(set)).collect()
    }

    fn reconcile<'a>(&'a self, key: &'a str, world: &'a Informers) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Some(mut rollout) = Rollout::read(key, world).await? else { return Ok(()) };
            let paused = meta::at(&rollout.deployment, &["spec", "paused"]) == Some(&Value::Bool(true));
            if meta::is_deleting(&rollout.deployment) {
                rollout.report(world, false).await?;
                return Ok(());
            }
            if !paused || rollout.new.is_some() {
                rollout.agree_on_revision(world).await?;
            }
            let wanted = workload::replicas(&rollout.deployment);
            let is_rescaled = || rollout::is_rescaled(wanted, rollout.sets());
            let rolls = !paused && (rollout::is_recreate(&rollout.deployment) || !is_rescaled());
            rollout.proceed(world, rolls).await?;
            rollout.forget_history(world).await?;
            let deadline = rollout.report(world, rolls).await?;
            if let (Some(queue), Some(deadline)) = (self.queue.get(), deadline) {
                queue.remind(key.to_owned(), deadline);
            }
            Ok(())
        })
    }
}

impl Rollout {
    async fn read(key: &str, world: &Informers) -> Result<Option<Self>> {
        let (namespace, name) = split_key(key);
        let Some(deployment) = world.get(&deployment::DEF, namespace, name).await? else { return Ok(None) };
        let mut sets = adoption::claim(world, &deployment).await?;
        sets.sort_by_cached_key(|set| (revision(set), meta::name(set).to_owned()));
        let template = bare_template(&deployment);
        let place = sets.iter().position(|set| bare_template(set) == template);
        let new = place.map(|place| sets.remove(place));
        Ok(Some(Self { deployment, new, is_new: false, old: sets }))
    }

    /// The present template has a ReplicaSet, which has the highest number, and what else the Deployment says of it.
    async fn agree_on_revision(&mut self, world: &Informers) -> Result<()> {
        let next = self.old.iter().map(revision).max().unwrap_or_default() + 1;
        self.is_new = self.new.is_none();
        let set = match self.new.take() {
            Some(set) => self.update_set(world, set, next).await?,
            None => self.create_set(world, next).await?,
        };
        let number = revision(&set).to_string();
        if meta::text(&self.deployment, &["metadata", "annotations", REVISION]) != number {
            let changes = json!({"metadata": {"annotations": {REVISION: number}}});
            ownership::merge(world, &deployment::DEF, &self.deployment, "", &changes, MANAGER).await?;
        }
        self.new = Some(set);
        Ok(())
    }

    /// Brings the number, the annotations and the patience of the present template's ReplicaSet up to date.
    async fn update_set(&self, world: &Informers, mut set: Value, next: i64) -> Result<Value> {
        let stored = |key: &str| meta::text(&set, &["metadata", "annotations", key]).to_owned();
        let mut annotations = copied_annotations(&self.deployment);
        if revision(&set) < next {
            annotations.insert(REVISION.to_owned(), next.to_string().into());
            let past = [stored(HISTORY), stored(REVISION)];
            let past: Vec<_> = past.iter().map(String::as_str).filter(|number| !number.is_empty()).collect();
            annotations.insert(HISTORY.to_owned(), past.join(",").into());
        }
        annotations.retain(|key, value| value.as_str() != Some(&stored(key)));
        let patience = |object: &Value| meta::at(object, &["spec", "minReadySeconds"]).and_then(Value::as_i64);
        let wanted = patience(&self.deployment).unwrap_or_default();
        let mut changes = json!({});
        if !annotations.is_empty() {
            changes["metadata"]["annotations"] = annotations.clone().into();
            meta::map_mut(&mut set["metadata"], "annotations").extend(annotations);
        }
        if patience(&set).unwrap_or_default() != wanted {
            changes["spec"]["minReadySeconds"] = json!(wanted);
        }
        if changes != json!({}) {
            ownership::merge(world, &replica_set::DEF, &set, "", &changes, MANAGER).await?;
        }
        Ok(set)
    }

    async fn create_set(&self, world: &Informers, revision: i64) -> Result<Value> {
        let deployment = &self.deployment;
        let hash = template_hash(deployment);
        let mut template = meta::at(deployment, &["spec", "template"]).cloned().unwrap_or_default();
        meta::map_mut(meta_of(&mut template), "labels").insert(HASH.to_owned(), hash.clone().into());
        let mut selector = meta::at(deployment, &["spec", "selector"]).cloned().unwrap_or_default();
        meta::map_mut(&mut selector, "matchLabels").insert(HASH.to_owned(), hash.clone().into());
        let mut annotations = copied_annotations(deployment);
        annotations.insert(REVISION.to_owned(), revision.to_string().into());
        annotations.extend(size_annotations(deployment));
        let set = json!({
            "metadata": {
                "name": format!("{}-{hash}", meta::name(deployment)),
                "namespace": meta::namespace(deployment),
                "labels": meta::at(&template, &["metadata", "labels"]),
                "annotations": annotations,
                "ownerReferences": [ownership::controller_reference(deployment, &deployment::DEF)],
            },
            "spec": {
                "replicas": 0,
                "minReadySeconds": meta::at(deployment, &["spec", "minReadySeconds"]).cloned().unwrap_or(json!(0)),
                "selector": selector,
                "template": template,
            },
        });
        let target = Target::new(&replica_set::DEF, meta::namespace(deployment), "");
        let written = world.api.create(&target, DecodedObject::from(set), &WriteOptions::internal(MANAGER)).await?;
        Ok(written.answer.into_value(&replica_set::DEF))
    }

    /// Gives ReplicaSets the number of pods that is next; if the Deployment is paused or has just got another size, only
    /// their part of its size.
    async fn proceed(&mut self, world: &Informers, rolls: bool) -> Result<()> {
        let (bounds, recreate) = (Bounds::of(&self.deployment), rollout::is_recreate(&self.deployment));
        let steps = match &self.new {
            Some(new) if rolls => rollout::next(bounds, new, &self.old, recreate),
            None if rolls => Vec::new(),
            new => {
                let known = workload::counted(&self.deployment, "replicas");
                rollout::rescale(bounds, known, new.as_ref(), &self.old, !recreate)
            }
        };
        let sizes = size_annotations(&self.deployment);
        let is_sized = |set: &Value| {
            sizes.iter().all(|(key, size)| meta::at(set, &["metadata", "annotations", key]) == Some(size))
        };
        for Step { set, replicas } in steps {
            if workload::replicas(set) == replicas && is_sized(set) {
                continue;
            }
            let changes = json!({
                "metadata": {"annotations": size_annotations(&self.deployment)},
                "spec": {"replicas": replicas},
            });
            ownership::merge(world, &replica_set::DEF, set, "", &changes, MANAGER).await?;
            let before = workload::replicas(set);
            if before == replicas {
                continue;
            }
            let direction = if replicas > before { "up" } else { "down" };
            let name = meta::name(set);
            let message = format!("Scaled {direction} replica set {name} from {before} to {replicas}");
            let note = Note { component: NAME, kind: "Normal", reason: "ScalingReplicaSet", message: &message };
            record(&world.api, &self.deployment, note).await;
        }
        Ok(())
    }

    /// Deletes the oldest ReplicaSets without pods, beyond the limit.
    async fn forget_history(&self, world: &Informers) -> Result<()> {
        let limit = meta::at(&self.deployment, &["spec", "revisionHistoryLimit"]).and_then(Value::as_u64);
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(10);
        let excess = self.old.len().saturating_sub(limit);
        let empty = |set: &&Value| workload::replicas(set) == 0 && workload::counted(set, "replicas") == 0;
        for set in self.old.iter().take(excess).filter(empty) {
            let target = Target::new(&replica_set::DEF, meta::namespace(set), meta::name(set));
            match world.api.delete(&target, &DeleteOptions::new(Caller::internal(MANAGER))).await {
                Ok(_) => {}
                Err(status) if status.reason == Reason::NotFound => {}
                Err(status) => return Err(status),
            }
        }
        Ok(())
    }

    /// Writes the status. Answers when the rollout has taken too long unless it proceeds before.
    async fn report(&self, world: &Informers, rolls: bool) -> Result<Option<Duration>> {
        let bounds = Bounds::of(&self.deployment);
        let counts = Counts::of(self);
        let asked: i64 = self.sets().map(workload::replicas).sum();
        let members = json!({
            "observedGeneration": meta::at(&self.deployment, &["metadata", "generation"]),
            "replicas": counts.replicas,
            "updatedReplicas": counts.updated,
            "readyReplicas": counts.ready,
            "availableReplicas": counts.available,
            "unavailableReplicas": (asked - counts.available).max(0),
        });
        let mut changes = ownership::status_changes(&self.deployment, members).unwrap_or_else(|| json!({}));
        if meta::at(&self.deployment, &["status", "terminatingReplicas"]) != Some(&json!(counts.terminating)) {
            changes["status"]["terminatingReplicas"] = json!(counts.terminating);
        }
        let (progressing, deadline) =
            if rolls { self.progress(world, &counts) } else { (self.pause_condition(), None) };
        let mut conditions = vec![availability(counts.available >= bounds.wanted - bounds.unavailable)];
        conditions.extend(progressing);
        let conditions = self.timed(conditions, &rfc3339(world.api.now()));
        if meta::items(&self.deployment, &["status", "conditions"]) != conditions.as_slice() {
            changes["status"]["conditions"] = json!(conditions);
        }
        if changes["status"].is_object() {
            ownership::merge(world, &deployment::DEF, &self.deployment, "status", &changes, MANAGER).await?;
        }
        Ok(deadline)
    }

    /// All ReplicaSets.
    fn sets(&self) -> impl Iterator<Item = &Value> {
        self.old.iter().chain(&self.new)
    }

    /// The condition `Progressing` of a Deployment that does not roll out.
    fn pause_condition(&self) -> Option<Value> {
        let known = ownership::condition(&self.deployment, "Progressing");
        let reason = known.map_or("", |known| meta::text(known, &["reason"]));
        let paused = meta::at(&self.deployment, &["spec", "paused"]) == Some(&Value::Bool(true));
        if !paused || self.deadline().is_none() || ["DeploymentPaused", "ProgressDeadlineExceeded"].contains(&reason) {
            return known.cloned();
        }
        Some(progress("Unknown", "DeploymentPaused", "Deployment is paused".to_owned()))
    }

    /// How many seconds a rollout may take without progress, if that is limited.
    fn deadline(&self) -> Option<i64> {
        let limit = meta::at(&self.deployment, &["spec", "progressDeadlineSeconds"]).and_then(Value::as_i64);
        limit.filter(|limit| *limit < i64::from(i32::MAX))
    }

    /// The condition `Progressing`, and when it is time to look whether the rollout is stuck.
    fn progress(&self, world: &Informers, counts: &Counts) -> (Option<Value>, Option<Duration>) {
        let known = ownership::condition(&self.deployment, "Progressing");
        let Some(limit) = self.deadline() else { return (None, None) };
        let Some(set) = &self.new else { return (known.cloned(), None) };
        let name = meta::name(set);
        let reason = known.map_or("", |known| meta::text(known, &["reason"]));
        let says = |status, reason, message: String| Some(progress(status, reason, message));
        let wait = Some(Duration::from_secs(u64::try_from(limit).unwrap_or_default()));
        // Pods that fail later do not undo a rollout that has come to its end.
        if reason == "NewReplicaSetAvailable" && counts.replicas == counts.updated && !self.is_new {
            return (known.cloned(), None);
        }
        if counts.are_complete(Bounds::of(&self.deployment).wanted) {
            let message = format!("ReplicaSet \"{name}\" has successfully progressed.");
            return (says("True", "NewReplicaSetAvailable", message), None);
        }
        if self.is_new {
            return (says("True", "NewReplicaSetCreated", format!("Created new replica set \"{name}\"")), wait);
        }
        if known.is_none() {
            return (says("True", "FoundNewReplicaSet", format!("Found new replica set \"{name}\"")), wait);
        }
        if reason == "DeploymentPaused" {
            return (says("Unknown", "DeploymentResumed", "Deployment is resumed".to_owned()), wait);
        }
        if counts.have_moved_since(&self.deployment) {
            return (says("True", "ReplicaSetUpdated", format!("ReplicaSet \"{name}\" is progressing.")), wait);
        }
        if ["NewReplicaSetAvailable", "ProgressDeadlineExceeded"].contains(&reason) {
            return (known.cloned(), None);
        }
        let since = known.map_or("", |known| meta::text(known, &["lastUpdateTime"]));
        let since: jiff::Timestamp = since.parse().unwrap_or(world.api.now());
        let left = limit - (world.api.now().as_second() - since.as_second());
        if left <= 0 {
            let message = format!("ReplicaSet \"{name}\" has timed out progressing.");
            return (says("False", "ProgressDeadlineExceeded", message), None);
        }
        (known.cloned(), Some(Duration::from_secs(u64::try_from(left).unwrap_or_default())))
    }

    /// The conditions with their times; one that says what it said before keeps them.
    fn timed(&self, conditions: Vec<Value>, now: &str) -> Vec<Value> {
        let time = |mut condition: Value| {
            let known = ownership::condition(&self.deployment, meta::text(&condition, &["type"]));
            let same = |member: &str| known.is_some_and(|known| known[member] == condition[member]);
            if let Some(known) = known.filter(|_| same("status") && same("reason") && same("message")) {
                return known.clone();
            }
            let since =
                known.filter(|_| same("status")).map_or(now, |known| meta::text(known, &["lastTransitionTime"]));
            let since = since.to_owned();
            condition["lastUpdateTime"] = now.into();
            condition["lastTransitionTime"] = since.into();
            condition
        };
        conditions.into_iter().map(time).collect()
    }
}

impl Counts {
    fn of(rollout: &Rollout) -> Self {
        let sum = |member: &str| rollout.sets().map(|set| workload::counted(set, member)).sum();
        Self {
            replicas: sum("replicas"),
            updated: rollout.new.as_ref().map_or(0, |set| workload::counted(set, "replicas")),
            ready: sum("readyReplicas"),
            available: sum("availableReplicas"),
            terminating: sum("terminatingReplicas"),
        }
    }

    fn are_complete(&self, wanted: i64) -> bool {
        [self.updated, self.replicas, self.available] == [wanted; 3]
    }

    /// Whether there is progress beyond what the Deployment's status says.
    fn have_moved_since(&self, deployment: &Value) -> bool {
        let known = |member: &str| workload::counted(deployment, member);
        self.updated > known("updatedReplicas")
            || self.replicas - self.updated < known("replicas") - known("updatedReplicas")
            || self.ready > known("readyReplicas")
            || self.available > known("availableReplicas")
    }
}

fn progress(status: &str, reason: &str, message: String) -> Value {
    json!({"type": "Progressing", "status": status, "reason": reason, "message": message})
}

fn availability(enough: bool) -> Value {
    let (status, reason, message) = if enough {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    json!({"type": "Available", "status": status, "reason": reason, "message": message})
}

fn revision(set: &Value) -> i64 {
    meta::text(set, &["metadata", "annotations", REVISION]).parse().unwrap_or_default()
}

/// The template without the label that the controller adds.
fn bare_template(object: &Value) -> Value {
    let mut template = meta::at(object, &["spec", "template"]).cloned().unwrap_or_default();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.shift_remove(HASH);
    }
    template
}

/// A short name for a template: the 32-bit FNV-1a hash of its text, in letters that form no words.
fn template_hash(deployment: &Value) -> String {
    let text = format!("{}{}", bare_template(deployment), workload::counted(deployment, "collisionCount"));
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash.to_string().bytes().map(|digit| char::from(SAFE[usize::from(digit) % SAFE.len()])).collect()
}

fn copied_annotations(deployment: &Value) -> Map<String, Value> {
    let annotations = meta::map(deployment, &["metadata", "annotations"]).into_iter().flatten();
    let copied = annotations.filter(|(key, _)| !NOT_COPIED.contains(&key.as_str()));
    copied.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn size_annotations(deployment: &Value) -> Map<String, Value> {
    let bounds = Bounds::of(deployment);
    let sizes = [(rollout::DESIRED, bounds.wanted), (rollout::MAX, bounds.wanted + bounds.surge)];
    sizes.into_iter().map(|(key, value)| (key.to_owned(), value.to_string().into())).collect()
}

fn meta_of(object: &mut Value) -> &mut Value {
    &mut object["metadata"]
}
