//! Deployments and ReplicaSets as their controllers read them: decoded once, with the object beside for writing.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentStatus, ReplicaSet, ReplicaSetStatus};
use serde_json::Value;

use super::bounds::Bounds;
use crate::{
    kinds::rules::share,
    object::{meta, status::Result},
    world::decode::decode,
};

/// The number of a version, on ReplicaSets and on the Deployment.
pub const REVISION: &str = "deployment.kubernetes.io/revision";

/// A Deployment.
pub struct DeploymentView {
    /// All of it.
    pub object: Value,
    /// How many pods it wants, and within which bounds they are replaced.
    pub bounds: Bounds,
    /// Whether all old pods are deleted before new ones are created.
    pub is_recreate: bool,
    pub is_paused: bool,
    /// Seconds that a rollout may take without progress, if that is limited.
    pub progress_deadline: Option<i64>,
    pub min_ready_seconds: i64,
    /// How many old ReplicaSets are kept.
    pub history_limit: usize,
    pub annotations: BTreeMap<String, String>,
    pub status: DeploymentStatus,
}

/// A ReplicaSet.
pub struct ReplicaSetView {
    /// All of it.
    pub object: Value,
    /// How many pods it is to have.
    pub replicas: i64,
    pub min_ready_seconds: i64,
    pub annotations: BTreeMap<String, String>,
    pub status: ReplicaSetStatus,
    /// Whether its controller has seen its present specification.
    pub is_observed: bool,
}

impl DeploymentView {
    /// Decodes a Deployment. One that is stored decodes; where it does not, the error says so.
    pub fn of(object: Value) -> Result<Self> {
        let Deployment { metadata, spec, status } = decode(&object)?;
        let spec = spec.unwrap_or_default();
        let wanted = spec.replicas.map_or(1, i64::from);
        let strategy = spec.strategy.unwrap_or_default();
        let is_recreate = strategy.type_.as_deref() == Some("Recreate");
        let rolling = |member: &str| meta::at(&object, &["spec", "strategy", "rollingUpdate", member]);
        let bounds = if is_recreate {
            Bounds { wanted, surge: 0, unavailable: wanted }
        } else {
            let surge = share::of(rolling("maxSurge"), wanted, true);
            Bounds::new(wanted, surge, share::of(rolling("maxUnavailable"), wanted, false))
        };
        let deadline = spec.progress_deadline_seconds.filter(|limit| *limit < i32::MAX);
        Ok(Self {
            bounds,
            is_recreate,
            is_paused: spec.paused.unwrap_or_default(),
            progress_deadline: deadline.map(i64::from),
            min_ready_seconds: spec.min_ready_seconds.map_or(0, i64::from),
            history_limit: usize::try_from(spec.revision_history_limit.unwrap_or(10)).unwrap_or_default(),
            annotations: metadata.annotations.unwrap_or_default(),
            status: status.unwrap_or_default(),
            object,
        })
    }
}

impl ReplicaSetView {
    /// Decodes a ReplicaSet. One that is stored decodes; where it does not, the error says so.
    pub fn of(object: Value) -> Result<Self> {
        let ReplicaSet { metadata, spec, status } = decode(&object)?;
        let (spec, status) = (spec.unwrap_or_default(), status.unwrap_or_default());
        Ok(Self {
            replicas: spec.replicas.map_or(1, i64::from),
            min_ready_seconds: spec.min_ready_seconds.map_or(0, i64::from),
            annotations: metadata.annotations.unwrap_or_default(),
            is_observed: metadata.generation.unwrap_or_default() <= status.observed_generation.unwrap_or_default(),
            status,
            object,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        meta::name(&self.object)
    }

    /// The number of its version, 0 if it has none.
    pub fn revision(&self) -> i64 {
        self.annotated(REVISION).unwrap_or_default()
    }

    /// A number in an annotation.
    pub fn annotated(&self, name: &str) -> Option<i64> {
        self.annotations.get(name)?.parse().ok()
    }

    /// How many of its pods are available.
    pub fn available(&self) -> i64 {
        self.status.available_replicas.map_or(0, i64::from)
    }

    /// How many pods it has, those that are being deleted aside.
    pub fn existing(&self) -> i64 {
        i64::from(self.status.replicas)
    }

    /// How many of its pods are being deleted.
    pub fn terminating(&self) -> i64 {
        self.status.terminating_replicas.map_or(0, i64::from)
    }
}
