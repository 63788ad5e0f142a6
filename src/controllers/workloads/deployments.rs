//! Rolls out Deployments: one ReplicaSet per version of the template, and pods moved from the old ones to the new one.

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::{
    adoption,
    ownership::{self, Selections},
    rollout::{self, Step},
    template::bare_template,
    views::{DeploymentView, ReplicaSetView},
};
use crate::{
    controllers::engine::{
        controller::{Context, Controller, split_key},
        writes::{self, MANAGER},
    },
    kinds::apps::{deployment, replica_set},
    object::{meta, status::Result},
    world::{change::Change, informer::Informers, recorder::Note},
};

/// The name of the controller, and of the component in its events.
pub const NAME: &str = "deployment-controller";

#[derive(Default)]
pub struct DeploymentController {
    selections: Selections,
}

/// A Deployment and its ReplicaSets as they are now.
pub struct Rollout {
    pub deployment: DeploymentView,
    /// The ReplicaSet of the present template.
    pub new: Option<ReplicaSetView>,
    /// Whether that has just been created.
    pub is_new: bool,
    /// All others, oldest first.
    pub old: Vec<ReplicaSetView>,
}

impl Controller for DeploymentController {
    fn name(&self) -> &'static str {
        NAME
    }

    fn keys(&self, change: &Change, _: Context<'_>) -> Vec<String> {
        if change.is(&deployment::DEF) {
            self.selections.apply(change);
            return vec![change.namespaced_name()];
        }
        let set = if change.is(&replica_set::DEF) { change.newest() } else { None };
        let Some(set) = set else { return Vec::new() };
        let owner = ownership::controller_name(set, &deployment::DEF);
        let owner = owner.map(|name| format!("{}/{name}", meta::namespace(set)));
        owner.into_iter().chain(self.selections.of_orphan(set)).collect()
    }

    fn reconcile<'a>(&'a self, key: &'a str, Context { world, queue }: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Some(mut rollout) = Rollout::read(key, world).await? else { return Ok(()) };
            let deadline = rollout.proceed(world).await?;
            if let Some(deadline) = deadline {
                queue.requeue_after(key.to_owned(), deadline);
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
        let created = |set: &Value| meta::text(set, &["metadata", "creationTimestamp"]).to_owned();
        sets.sort_by_cached_key(|set| (created(set), meta::name(set).to_owned()));
        // Of several ReplicaSets with the present template the oldest is the new one, whatever their numbers say: numbers
        // change with this choice.
        let template = bare_template(&deployment);
        let new = sets.iter().position(|set| bare_template(set) == template).map(|index| sets.remove(index));
        Ok(Some(Self {
            deployment: DeploymentView::of(deployment)?,
            new: new.map(ReplicaSetView::of).transpose()?,
            is_new: false,
            old: sets.into_iter().map(ReplicaSetView::of).collect::<Result<_>>()?,
        }))
    }

    /// Does what is next. Returns how long the rollout may go on without progress until it has taken too long.
    async fn proceed(&mut self, world: &Informers) -> Result<Option<std::time::Duration>> {
        let DeploymentView { object, bounds, is_paused, is_recreate, .. } = &self.deployment;
        let (bounds, is_paused, is_recreate) = (*bounds, *is_paused, *is_recreate);
        if meta::is_deleting(object) {
            return self.update_status(world, false).await;
        }
        if self.new.is_some() {
            self.update_new(world).await?;
        }
        if is_paused || rollout::is_rescaled(bounds.wanted, self.sets()) {
            let known = self.deployment.status.replicas.map_or(0, i64::from);
            let steps = rollout::rescale(bounds, known, self.new.as_ref(), &self.old, !is_recreate);
            self.scale(world, steps).await?;
            if is_paused {
                self.clean_up(world).await?;
            }
            return self.update_status(world, false).await;
        }
        if is_recreate {
            let shrunk = self.scale(world, rollout::empty(&self.old)).await?;
            if shrunk || self.old.iter().any(|set| set.existing() + set.terminating() > 0) {
                return self.update_status(world, true).await;
            }
        }
        if self.new.is_none() {
            self.create_new(world).await?;
        }
        let Some(new) = &self.new else { return Ok(None) };
        let grown = rollout::grow(bounds, new, &self.old);
        let steps = match grown {
            Some(step) => vec![step],
            None if is_recreate => Vec::new(),
            None => rollout::shrink(bounds, new, &self.old),
        };
        let scaled = self.scale(world, steps).await?;
        if !scaled && self.is_complete() {
            self.clean_up(world).await?;
        }
        self.update_status(world, true).await
    }

    /// All ReplicaSets.
    pub fn sets(&self) -> impl Iterator<Item = &ReplicaSetView> {
        self.old.iter().chain(&self.new)
    }

    /// Gives ReplicaSets their new sizes, and notes on each what the Deployment wanted. Returns whether a size changed.
    async fn scale(&self, world: &Informers, steps: Vec<Step<'_>>) -> Result<bool> {
        let sizes = self.size_annotations();
        let mut scaled = false;
        for Step { set, replicas } in steps {
            let is_noted =
                sizes.iter().all(|(key, size)| set.annotations.get(key).map(String::as_str) == size.as_str());
            if set.replicas == replicas && is_noted {
                continue;
            }
            let changes = json!({"metadata": {"annotations": sizes}, "spec": {"replicas": replicas}});
            writes::merge(&world.api, MANAGER, &replica_set::DEF, &set.object, "", &changes).await?;
            if set.replicas == replicas {
                continue;
            }
            scaled = true;
            let direction = if replicas > set.replicas { "up" } else { "down" };
            let message = format!("Scaled {direction} replica set {} from {} to {replicas}", set.name(), set.replicas);
            self.record(world, "Normal", "ScalingReplicaSet", &message).await;
        }
        Ok(scaled)
    }

    /// Deletes the oldest versions without pods, beyond the limit.
    async fn clean_up(&self, world: &Informers) -> Result<()> {
        let mut old: Vec<_> = self.old.iter().collect();
        old.sort_by_key(|set| set.revision());
        let excess = old.len().saturating_sub(self.deployment.history_limit);
        let is_unused = |set: &&&ReplicaSetView| set.replicas == 0 && set.existing() == 0 && set.is_observed;
        for set in old.iter().take(excess).filter(is_unused) {
            writes::delete(&world.api, &replica_set::DEF, &set.object, "").await?;
        }
        Ok(())
    }

    /// What the sizes of ReplicaSets follow from, as it is noted on them.
    pub fn size_annotations(&self) -> Map<String, Value> {
        let bounds = self.deployment.bounds;
        let sizes = [(rollout::DESIRED, bounds.wanted), (rollout::MAX, bounds.most())];
        sizes.into_iter().map(|(key, value)| (key.to_owned(), value.to_string().into())).collect()
    }

    /// Records an event about the Deployment.
    pub async fn record(&self, world: &Informers, kind: &str, reason: &str, message: &str) {
        world.recorder.record(&self.deployment.object, Note { component: NAME, kind, reason, message }).await;
    }
}
