//! The ReplicaSet of a Deployment's present template: created when it is missing, and numbered as the newest version.

use serde_json::{Map, Value, json};

use super::{
    deployment_status::progressing,
    deployments::Rollout,
    ownership, rollout,
    template::{HASH, bare_template, template_hash},
    views::{REVISION, ReplicaSetView},
};
use crate::{
    controllers::engine::writes::{self, MANAGER},
    kinds::apps::{deployment, replica_set},
    object::{Reason, meta, status::Result, well_known::LAST_APPLIED},
    verbs::rfc3339,
    world::informer::Informers,
};

/// The numbers that a ReplicaSet had before, when its template comes back.
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
/// Annotations of a Deployment that its ReplicaSets do not get.
const NOT_COPIED: [&str; 6] =
    [LAST_APPLIED, REVISION, HISTORY, rollout::DESIRED, rollout::MAX, "deprecated.deployment.rollback.to"];

impl Rollout {
    /// Brings the number, the annotations and the minReadySeconds of the present template's ReplicaSet up to date.
    pub async fn update_new(&mut self, world: &Informers) -> Result<()> {
        let (Some(set), next) = (&self.new, self.next_revision()) else { return Ok(()) };
        let stored = |key: &str| set.annotations.get(key).map_or("", String::as_str);
        let mut annotations = self.copied_annotations();
        if set.revision() < next {
            annotations.insert(REVISION.to_owned(), next.to_string().into());
            let past: Vec<_> = [stored(HISTORY), stored(REVISION)].into_iter().filter(|n| !n.is_empty()).collect();
            annotations.insert(HISTORY.to_owned(), past.join(",").into());
        }
        annotations.retain(|key, value| value.as_str() != Some(stored(key)));
        let mut changes = json!({});
        if !annotations.is_empty() {
            changes["metadata"]["annotations"] = annotations.into();
        }
        if set.min_ready_seconds != self.deployment.min_ready_seconds {
            changes["spec"]["minReadySeconds"] = json!(self.deployment.min_ready_seconds);
        }
        if changes != json!({}) {
            let merged = writes::merge(&world.api, MANAGER, &replica_set::DEF, &set.object, "", &changes).await?;
            self.new = merged.map(ReplicaSetView::of).transpose()?;
        }
        Ok(())
    }

    /// Creates the ReplicaSet of the present template, with as many pods as the bounds allow.
    pub async fn create_new(&mut self, world: &Informers) -> Result<()> {
        let set = self.new_set();
        let (namespace, name) = (meta::namespace(&set).to_owned(), meta::name(&set).to_owned());
        let replicas = meta::at(&set, &["spec", "replicas"]).and_then(Value::as_i64).unwrap_or_default();
        let status = match writes::create(&world.api, &replica_set::DEF, set).await {
            Ok(created) => {
                self.is_new = created.is_some();
                self.new = created.map(ReplicaSetView::of).transpose()?;
                if self.is_new && replicas > 0 {
                    let message = format!("Scaled up replica set {name} from 0 to {replicas}");
                    self.record(world, "Normal", "ScalingReplicaSet", &message).await;
                }
                return Ok(());
            }
            Err(status) => status,
        };
        if status.reason != Reason::AlreadyExists {
            let message = format!("Failed to create new replica set \"{name}\": {}", status.message);
            self.report_create_error(world, &message).await?;
            return Err(status);
        }
        let deployment = &self.deployment;
        let Some(existing) = world.get(&replica_set::DEF, &namespace, &name).await? else { return Err(status) };
        let is_ours = ownership::is_controlled(&existing, &deployment.object)
            && bare_template(&existing) == bare_template(&deployment.object);
        if is_ours {
            self.new = Some(ReplicaSetView::of(existing)?);
            return Ok(());
        }
        // Another template has this hash. The next try counts one collision more, and so gets another one.
        let collisions = deployment.status.collision_count.unwrap_or_default() + 1;
        let changes = json!({"status": {"collisionCount": collisions}});
        writes::merge(&world.api, MANAGER, &deployment::DEF, &deployment.object, "status", &changes).await?;
        Err(status)
    }

    fn new_set(&self) -> Value {
        let deployment = &self.deployment.object;
        let mut template = meta::at(deployment, &["spec", "template"]).cloned().unwrap_or_default();
        let hash = template_hash(&template, self.deployment.status.collision_count);
        meta::map_mut(&mut template["metadata"], "labels").insert(HASH.to_owned(), hash.clone().into());
        let mut selector = meta::at(deployment, &["spec", "selector"]).cloned().unwrap_or_default();
        meta::map_mut(&mut selector, "matchLabels").insert(HASH.to_owned(), hash.clone().into());
        let mut annotations = self.copied_annotations();
        annotations.insert(REVISION.to_owned(), self.next_revision().to_string().into());
        annotations.extend(self.size_annotations());
        let old = rollout::total(&self.old);
        json!({
            "metadata": {
                "name": format!("{}-{hash}", meta::name(deployment)),
                "namespace": meta::namespace(deployment),
                "labels": meta::at(&template, &["metadata", "labels"]),
                "annotations": annotations,
                "ownerReferences": [ownership::controller_reference(deployment, &deployment::DEF)],
            },
            "spec": {
                "replicas": self.deployment.bounds.new_size(0, old),
                "minReadySeconds": self.deployment.min_ready_seconds,
                "selector": selector,
                "template": template,
            },
        })
    }

    fn next_revision(&self) -> i64 {
        self.old.iter().map(ReplicaSetView::revision).max().unwrap_or_default() + 1
    }

    fn copied_annotations(&self) -> Map<String, Value> {
        let annotations = self.deployment.annotations.iter().filter(|(key, _)| !NOT_COPIED.contains(&key.as_str()));
        annotations.map(|(key, value)| (key.clone(), value.clone().into())).collect()
    }

    /// Says in the status and in an event that the ReplicaSet could not be created.
    async fn report_create_error(&self, world: &Informers, message: &str) -> Result<()> {
        if self.deployment.progress_deadline.is_some() {
            let condition = progressing("False", "ReplicaSetCreateError", message.to_owned());
            let mut conditions = meta::items(&self.deployment.object, &["status", "conditions"]).to_vec();
            conditions.retain(|known| known["type"] != condition["type"]);
            conditions.extend(self.timed(vec![condition], &rfc3339(world.api.now())));
            let changes = json!({"status": {"conditions": conditions}});
            writes::merge(&world.api, MANAGER, &deployment::DEF, &self.deployment.object, "status", &changes).await?;
        }
        self.record(world, "Warning", "ReplicaSetCreateError", message).await;
        Ok(())
    }
}
