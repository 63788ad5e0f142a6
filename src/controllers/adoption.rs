//! Which ReplicaSets a Deployment has: it takes over those of nobody that it selects, and lets go of the others.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use serde_json::{Value, json};

use super::{
    informer::{Change, Informers},
    key_of, workloads,
    writes::MANAGER,
};
use crate::{
    kinds::{deployment, replica_set, workload},
    object::{meta, selector::LabelSelector, status::Result},
};

/// What each Deployment selects, by its key.
#[derive(Default)]
pub(super) struct Selections(Mutex<BTreeMap<String, LabelSelector>>);

impl Selections {
    /// Takes note of a Deployment's change.
    pub(super) fn note(&self, change: &Change) {
        let Some(deployment) = change.newest() else { return };
        let mut selections = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match workload::selector(deployment).filter(|_| !change.is_removal()) {
            Some(selector) => selections.insert(key_of(deployment), selector),
            None => selections.remove(&key_of(deployment)),
        };
    }

    /// The Deployments that could take over a ReplicaSet of nobody.
    pub(super) fn of_orphan(&self, set: &Value) -> Vec<String> {
        if workloads::has_controller(set) {
            return Vec::new();
        }
        let prefix = format!("{}/", meta::namespace(set));
        let selections = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let here = selections.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
        here.filter(|(_, selector)| matches(selector, set)).map(|(key, _)| key.clone()).collect()
    }
}

/// The ReplicaSets of a Deployment that stay, once their owners are in order.
pub(super) async fn claim(world: &Informers, deployment: &Value) -> Result<Vec<Value>> {
    let mut sets = world.list(&replica_set::DEF, meta::namespace(deployment)).await?;
    sets.retain(|set| !meta::is_deleting(set));
    // A Deployment on its way out changes nothing any more.
    let Some(selector) = workload::selector(deployment).filter(|_| !meta::is_deleting(deployment)) else {
        sets.retain(|set| workloads::is_controlled(set, deployment));
        return Ok(sets);
    };
    let mut claimed = Vec::new();
    for set in sets {
        let mut owners = meta::items(&set, &["metadata", "ownerReferences"]).to_vec();
        match (workloads::is_controlled(&set, deployment), matches(&selector, &set)) {
            (true, true) => claimed.push(set),
            (true, false) => {
                owners.retain(|owner| owner["uid"] != meta::uid(deployment));
                set_owners(world, &set, owners).await?;
            }
            (false, true) if !workloads::has_controller(&set) => {
                owners.push(workloads::controller_reference(deployment, &deployment::DEF));
                set_owners(world, &set, owners).await?;
                claimed.push(set);
            }
            (false, _) => {}
        }
    }
    Ok(claimed)
}

async fn set_owners(world: &Informers, set: &Value, owners: Vec<Value>) -> Result<()> {
    let owners = if owners.is_empty() { Value::Null } else { json!(owners) };
    let changes = json!({"metadata": {"uid": meta::uid(set), "ownerReferences": owners}});
    workloads::merge(world, &replica_set::DEF, set, "", &changes, MANAGER).await
}

fn matches(selector: &LabelSelector, set: &Value) -> bool {
    selector.matches_map(meta::map(set, &["metadata", "labels"]))
}
