//! Rolls out Deployments: one ReplicaSet per version of the template, and pods moved from the old ones to the new one.

use std::{sync::OnceLock, time::Duration};

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::{
    Controller,
    adoption::{self, Selections},
    informer::{Change, Informers},
    key_of,
    queue::Queue,
    recorder::{Note, record},
    rollout::{self, Bounds, Step},
    split_key, workloads,
    writes::MANAGER,
};
use crate::{
    kinds::{deployment, replica_set, workload},
    object::{Reason, meta, status::Result},
    verbs::{Caller, DecodedObject, DeleteOptions, Target, WriteOptions, rfc3339},
};

const NAME: &str = "deployment-controller";
/// The label that tells the pods of different versions apart.
const HASH: &str = "pod-template-hash";
/// The number of a version, on ReplicaSets and on the Deployment.
const REVISION: &str = "deployment.kubernetes.io/revision";
/// Annotations of a Deployment that its ReplicaSets do not get.
const NOT_COPIED: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
];
/// The letters that hashes are written in.
const SAFE: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

#[derive(Default)]
pub(super) struct DeploymentController {
    queue: OnceLock<Queue>,
    selections: Selections,
}

/// A Deployment and its ReplicaSets as they are now.
struct Rollout {
    deployment: Value,
    /// The ReplicaSet of the present template.
    new: Option<Value>,
    /// All others, oldest first.
    old: Vec<Value>,
}

impl Controller for DeploymentController {
    fn name(&self) -> &'static str {
        NAME
    }

    fn attach(&self, queue: &Queue) {
        self.queue.get_or_init(|| queue.clone());
    }

    fn keys(&self, change: &Change, _world: &Informers) -> Vec<String> {
        let Some(object) = change.newest() else { return Vec::new() };
        if change.is(&deployment::DEF) {
            self.selections.note(change);
            return vec![key_of(object)];
        }
        if !change.is(&replica_set::DEF) {
            return Vec::new();
        }
        let name = workloads::controller_name(object, &deployment::DEF);
        let owner = name.map(|name| format!("{}/{name}", meta::namespace(object)));
        owner.into_iter().chain(self.selections.of_orphan(object)).collect()
    }

    fn reconcile<'a>(&'a self, key: &'a str, world: &'a Informers) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Some(mut rollout) = Rollout::read(key, world).await? else { return Ok(()) };
            let paused = meta::at(&rollout.deployment, &["spec", "paused"]) == Some(&Value::Bool(true));
            if !meta::is_deleting(&rollout.deployment) {
                if !paused {
                    rollout.agree_on_revision(world).await?;
                }
                rollout.proceed(world).await?;
                rollout.forget_history(world).await?;
            }
            let deadline = rollout.report(world).await?;
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
        Ok(Some(Self { deployment, new, old: sets }))
    }

    /// The present template has a ReplicaSet, and its number is the highest.
    async fn agree_on_revision(&mut self, world: &Informers) -> Result<()> {
        let highest = self.old.iter().map(revision).max().unwrap_or_default();
        let set = match self.new.take() {
            Some(set) if revision(&set) > highest => set,
            Some(mut set) => {
                let next = (highest + 1).to_string();
                let changes = json!({"metadata": {"annotations": {REVISION: next}}});
                workloads::merge(world, &replica_set::DEF, &set, "", &changes, MANAGER).await?;
                meta::map_mut(&mut set["metadata"], "annotations").insert(REVISION.to_owned(), next.into());
                set
            }
            None => self.create_set(world, highest + 1).await?,
        };
        let number = revision(&set).to_string();
        if meta::text(&self.deployment, &["metadata", "annotations", REVISION]) != number {
            let changes = json!({"metadata": {"annotations": {REVISION: number}}});
            workloads::merge(world, &deployment::DEF, &self.deployment, "", &changes, MANAGER).await?;
        }
        self.new = Some(set);
        Ok(())
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
                "ownerReferences": [workloads::controller_reference(deployment, &deployment::DEF)],
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

    /// Gives ReplicaSets the number of pods that is next.
    async fn proceed(&mut self, world: &Informers) -> Result<()> {
        let bounds = Bounds::of(&self.deployment);
        let Some(new) = &self.new else { return Ok(()) };
        let steps = rollout::next(bounds, new, &self.old, rollout::is_recreate(&self.deployment));
        for Step { set, replicas } in steps {
            let changes = json!({
                "metadata": {"annotations": size_annotations(&self.deployment)},
                "spec": {"replicas": replicas},
            });
            workloads::merge(world, &replica_set::DEF, set, "", &changes, MANAGER).await?;
            let before = workload::replicas(set);
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
    async fn report(&self, world: &Informers) -> Result<Option<Duration>> {
        let bounds = Bounds::of(&self.deployment);
        let all = || self.new.iter().chain(&self.old);
        let sum = |member: &str| all().map(|set| workload::counted(set, member)).sum::<i64>();
        let (replicas, available) = (sum("replicas"), sum("availableReplicas"));
        let updated = self.new.as_ref().map_or(0, |set| workload::counted(set, "replicas"));
        let asked: i64 = all().map(workload::replicas).sum();
        let counts = json!({
            "observedGeneration": meta::at(&self.deployment, &["metadata", "generation"]),
            "replicas": replicas,
            "updatedReplicas": updated,
            "readyReplicas": sum("readyReplicas"),
            "availableReplicas": available,
            "unavailableReplicas": (asked - available).max(0),
        });
        let mut changes = workloads::status_changes(&self.deployment, counts).unwrap_or_else(|| json!({}));
        let terminating = sum("terminatingReplicas");
        if meta::at(&self.deployment, &["status", "terminatingReplicas"]) != Some(&json!(terminating)) {
            changes["status"]["terminatingReplicas"] = json!(terminating);
        }
        let done = updated == bounds.wanted && replicas == bounds.wanted && available == bounds.wanted;
        let moved = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"]
            .iter()
            .any(|member| changes["status"].get(member).is_some());
        let (progressing, deadline) = self.progress(world, done, moved);
        let mut conditions = vec![availability(available >= bounds.wanted - bounds.unavailable)];
        conditions.extend(progressing);
        let conditions = self.timed(conditions, &rfc3339(world.api.now()));
        if meta::items(&self.deployment, &["status", "conditions"]) != conditions.as_slice() {
            changes["status"]["conditions"] = json!(conditions);
        }
        if changes["status"].is_object() {
            workloads::merge(world, &deployment::DEF, &self.deployment, "status", &changes, MANAGER).await?;
        }
        Ok(deadline)
    }

    /// The condition `Progressing`, and when it is time to look whether the rollout is stuck.
    fn progress(&self, world: &Informers, done: bool, moved: bool) -> (Option<Value>, Option<Duration>) {
        let known = workloads::condition(&self.deployment, "Progressing");
        let Some(set) = &self.new else { return (known.cloned(), None) };
        let name = meta::name(set);
        let progress = |status: &str, reason: &str, message: String| json!({"type": "Progressing", "status": status, "reason": reason, "message": message});
        let reason = known.map_or("", |known| meta::text(known, &["reason"]));
        if done {
            let message = format!("ReplicaSet \"{name}\" has successfully progressed.");
            return (Some(progress("True", "NewReplicaSetAvailable", message)), None);
        }
        let limit = meta::at(&self.deployment, &["spec", "progressDeadlineSeconds"]).and_then(Value::as_i64);
        let Some(limit) = limit.filter(|limit| *limit < i64::from(i32::MAX)) else { return (None, None) };
        let wait = Duration::from_secs(u64::try_from(limit).unwrap_or_default());
        if known.is_none() {
            let message = format!("Created new replica set \"{name}\"");
            return (Some(progress("True", "NewReplicaSetCreated", message)), Some(wait));
        }
        if moved || reason == "NewReplicaSetAvailable" {
            let message = format!("ReplicaSet \"{name}\" is progressing.");
            return (Some(progress("True", "ReplicaSetUpdated", message)), Some(wait));
        }
        let since = known.map_or("", |known| meta::text(known, &["lastUpdateTime"]));
        let since: jiff::Timestamp = since.parse().unwrap_or(world.api.now());
        let late = world.api.now().as_second() - since.as_second() >= limit;
        if late && reason != "ProgressDeadlineExceeded" {
            let message = format!("ReplicaSet \"{name}\" has timed out progressing.");
            return (Some(progress("False", "ProgressDeadlineExceeded", message)), None);
        }
        (known.cloned(), None)
    }

    /// The conditions with their times; one that says what it said before keeps them.
    fn timed(&self, conditions: Vec<Value>, now: &str) -> Vec<Value> {
        let time = |mut condition: Value| {
            let known = workloads::condition(&self.deployment, meta::text(&condition, &["type"]));
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
    let sizes = [
        ("deployment.kubernetes.io/desired-replicas", bounds.wanted),
        ("deployment.kubernetes.io/max-replicas", bounds.wanted + bounds.surge),
    ];
    sizes.into_iter().map(|(key, value)| (key.to_owned(), value.to_string().into())).collect()
}

fn meta_of(object: &mut Value) -> &mut Value {
    &mut object["metadata"]
}
