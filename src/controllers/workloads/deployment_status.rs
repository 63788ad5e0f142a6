//! The status of a Deployment: counts, and the conditions that say how its rollout goes.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    deployments::Rollout,
    ownership, replica_sets,
    views::{REVISION, ReplicaSetView},
};
use crate::{
    controllers::engine::writes::{self, MANAGER},
    kinds::apps::{deployment, workload},
    object::{meta, status::Result},
    verbs::rfc3339,
    world::informer::Informers,
};

/// How many pods the ReplicaSets say they have.
struct Counts {
    replicas: i64,
    updated: i64,
    ready: i64,
    available: i64,
    terminating: i64,
}

impl Rollout {
    /// Writes the status. Returns how long the rollout may go on without progress until it has taken too long.
    pub async fn update_status(&self, world: &Informers, rolls: bool) -> Result<Option<Duration>> {
        let object = &self.deployment.object;
        let (bounds, counts) = (self.deployment.bounds, Counts::of(self));
        let asked: i64 = self.sets().map(|set| set.replicas).sum();
        let members = json!({
            "observedGeneration": meta::at(object, &["metadata", "generation"]),
            "replicas": counts.replicas,
            "updatedReplicas": counts.updated,
            "readyReplicas": counts.ready,
            "availableReplicas": counts.available,
            "unavailableReplicas": (asked - counts.available).max(0),
        });
        let mut changes = ownership::status_changes(object, members).unwrap_or_else(|| json!({}));
        if meta::at(object, &["status", "terminatingReplicas"]) != Some(&json!(counts.terminating)) {
            changes["status"]["terminatingReplicas"] = json!(counts.terminating);
        }
        let (progress, deadline) = if rolls { self.progress(world, &counts) } else { (self.pause_condition(), None) };
        let mut conditions = vec![availability(counts.available >= bounds.wanted - bounds.unavailable)];
        conditions.extend(self.failure());
        conditions.extend(progress);
        let conditions = self.timed(conditions, &rfc3339(world.api.now()));
        if meta::items(object, &["status", "conditions"]) != conditions.as_slice() {
            changes["status"]["conditions"] = json!(conditions);
        }
        // The number of the version goes through the status, too, so that it raises no generation.
        let revision = self.new.as_ref().and_then(|set| set.annotations.get(REVISION));
        if let Some(revision) = revision.filter(|revision| self.deployment.annotations.get(REVISION) != Some(revision))
        {
            changes["metadata"]["annotations"] = json!({REVISION: revision});
        }
        if changes != json!({}) {
            writes::merge(&world.api, MANAGER, &deployment::DEF, object, "status", &changes).await?;
        }
        Ok(deadline)
    }

    /// Whether all pods are of the present template and available.
    pub fn is_complete(&self) -> bool {
        Counts::of(self).are_complete(self.deployment.bounds.wanted)
    }

    /// The conditions with their times; one that says what it said before keeps them.
    pub fn timed(&self, conditions: Vec<Value>, now: &str) -> Vec<Value> {
        let time = |mut condition: Value| {
            let known = ownership::condition(&self.deployment.object, meta::text(&condition, &["type"]));
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

    /// The condition `Progressing` of a Deployment that does not roll out.
    fn pause_condition(&self) -> Option<Value> {
        let known = ownership::condition(&self.deployment.object, "Progressing");
        let reason = known.map_or("", |known| meta::text(known, &["reason"]));
        let is_said = ["DeploymentPaused", "ProgressDeadlineExceeded"].contains(&reason);
        if !self.deployment.is_paused || self.deployment.progress_deadline.is_none() || is_said {
            return known.cloned();
        }
        Some(progressing("Unknown", "DeploymentPaused", "Deployment is paused".to_owned()))
    }

    /// The condition `ReplicaFailure`: that of the new ReplicaSet, or else of an old one.
    fn failure(&self) -> Option<Value> {
        let sets = self.new.iter().chain(&self.old);
        let found = sets.filter_map(|set| ownership::condition(&set.object, replica_sets::FAILURE)).next()?;
        Some(json!({
            "type": replica_sets::FAILURE,
            "status": found["status"],
            "reason": found["reason"],
            "message": found["message"],
        }))
    }

    /// The condition `Progressing`, and how long the rollout may go on without progress.
    fn progress(&self, world: &Informers, counts: &Counts) -> (Option<Value>, Option<Duration>) {
        let known = ownership::condition(&self.deployment.object, "Progressing");
        let Some(limit) = self.deployment.progress_deadline else { return (None, None) };
        let Some(set) = &self.new else { return (known.cloned(), None) };
        let name = set.name();
        let reason = known.map_or("", |known| meta::text(known, &["reason"]));
        let says = |status, reason, message: String| Some(progressing(status, reason, message));
        let wait = Some(Duration::from_secs(u64::try_from(limit).unwrap_or_default()));
        // Pods that fail later do not undo a rollout that has come to its end.
        if reason == "NewReplicaSetAvailable" && counts.replicas == counts.updated && !self.is_new {
            return (known.cloned(), None);
        }
        if counts.are_complete(self.deployment.bounds.wanted) {
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
        if counts.have_moved_since(&self.deployment.object) {
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
}

impl Counts {
    fn of(rollout: &Rollout) -> Self {
        let sum = |count: fn(&ReplicaSetView) -> i64| rollout.sets().map(count).sum();
        Self {
            replicas: sum(ReplicaSetView::existing),
            updated: rollout.new.as_ref().map_or(0, ReplicaSetView::existing),
            ready: sum(|set| set.status.ready_replicas.map_or(0, i64::from)),
            available: sum(ReplicaSetView::available),
            terminating: sum(ReplicaSetView::terminating),
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

/// The condition `Progressing`.
pub fn progressing(status: &str, reason: &str, message: String) -> Value {
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
