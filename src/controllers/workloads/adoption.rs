//! Which ReplicaSets a Deployment has: it takes over those of nobody that it selects, and lets go of the others.

use serde_json::Value;

use super::ownership;
use crate::{controllers::engine::writes::MANAGER, world::informer::Informers};
use crate::{
    kinds::apps::{deployment, replica_set, workload},
    object::{meta, status::Result},
};

/// The ReplicaSets of a Deployment that stay, once their owners are in order.
pub async fn claim(world: &Informers, deployment: &Value) -> Result<Vec<Value>> {
    let mut sets = world.list(&replica_set::DEF, meta::namespace(deployment)).await?;
    sets.retain(|set| !meta::is_deleting(set));
    // A Deployment on its way out changes nothing any more.
    let Some(selector) = workload::selector(deployment).filter(|_| !meta::is_deleting(deployment)) else {
        sets.retain(|set| ownership::is_controlled(set, deployment));
        return Ok(sets);
    };
    let mut claimed = Vec::new();
    for set in sets {
        let mut owners = meta::items(&set, &["metadata", "ownerReferences"]).to_vec();
        match (
            ownership::is_controlled(&set, deployment),
            selector.matches_map(meta::map(&set, &["metadata", "labels"])),
        ) {
            (true, true) => claimed.push(set),
            (true, false) => {
                owners.retain(|owner| owner["uid"] != meta::uid(deployment));
                ownership::set_owners(world, &replica_set::DEF, &set, owners, MANAGER).await?;
            }
            (false, true) if ownership::is_orphan(&set) => {
                owners.push(ownership::controller_reference(deployment, &deployment::DEF));
                ownership::set_owners(world, &replica_set::DEF, &set, owners, MANAGER).await?;
                claimed.push(set);
            }
            (false, _) => {}
        }
    }
    Ok(claimed)
}
