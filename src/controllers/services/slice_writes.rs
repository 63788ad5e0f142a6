//! What the two controllers that write EndpointSlices share: finding, shaping and writing theirs.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{slice_plan::Plan, triggers::annotate};
use crate::{
    controllers::engine::writes,
    world::{
        change::Change,
        informer::Informers,
        selection::{SERVICE_NAME, service_of},
    },
};
use crate::{
    kinds::{KindDef, endpoint_slice},
    object::{Status, meta, status::Result},
};

/// Says who keeps a slice.
pub const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
/// Longest name of a slice.
const NAME_LENGTH_MAX: usize = 253;

/// The slices that a manager keeps for a name and that are not on their way out.
pub async fn existing(world: &Informers, namespace: &str, name: &str, manager: &str) -> Result<Vec<Value>> {
    let mut slices = Vec::new();
    for slice in world.with_index(|index| index.slices(namespace, name)) {
        slices.extend(world.get(&endpoint_slice::DEF, namespace, &slice).await?);
    }
    slices.retain(|slice| is_managed_by(slice, manager) && !meta::is_deleting(slice));
    Ok(slices)
}

/// The keys of those whose slices somebody may have edited. Annotations may be edited freely.
pub fn edited(change: &Change, manager: &str, name: fn(&Value) -> &str) -> Vec<String> {
    let generation = |slice: &Value| meta::at(slice, &["metadata", "generation"]).cloned();
    if let (Some(old), Some(new)) = (change.before(), change.now())
        && generation(old) == generation(new)
    {
        return Vec::new();
    }
    let states = [change.before(), change.now()].into_iter().flatten();
    let managed = states.filter(|slice| is_managed_by(slice, manager) && !name(slice).is_empty());
    managed.map(|slice| format!("{}/{}", meta::namespace(slice), name(slice))).collect()
}

/// A slice without endpoints that belongs to a Service or Endpoints object.
pub fn blank(
    owner: &Value,
    owner_def: &KindDef,
    mut labels: Map<String, Value>,
    manager: &str,
    address_type: &str,
) -> Value {
    let name = meta::name(owner);
    labels.insert(SERVICE_NAME.into(), name.into());
    labels.insert(MANAGED_BY.into(), manager.into());
    let dash = if name.len() < NAME_LENGTH_MAX { "-" } else { "" };
    json!({
        "metadata": {
            "generateName": format!("{name}{dash}"),
            "namespace": meta::namespace(owner),
            "labels": labels,
            "ownerReferences": [{
                "apiVersion": owner_def.gvk.api_version(),
                "kind": owner_def.gvk.kind,
                "name": name,
                "uid": meta::uid(owner),
                "controller": true,
                "blockOwnerDeletion": true,
            }],
        },
        "addressType": address_type,
    })
}

/// Writes what a plan says.
pub async fn carry_out(world: &Informers, plan: Plan, time: Option<Timestamp>, may_create: bool) -> Result<()> {
    let def = &endpoint_slice::DEF;
    for mut slice in plan.create.into_iter().filter(|_| may_create) {
        annotate(&mut slice, time);
        let what = format!("create EndpointSlice for Service {}", service_key(&slice));
        if writes::create(&world.api, def, slice).await.map_err(|status| failed(status, &what))?.is_none() {
            return Ok(());
        }
    }
    for mut slice in plan.update {
        annotate(&mut slice, time);
        let what = format!("update {} EndpointSlice for Service {}", meta::name(&slice), service_key(&slice));
        writes::update(&world.api, def, None, slice).await.map_err(|status| failed(status, &what))?;
    }
    for slice in plan.delete {
        let what = format!("delete {} EndpointSlice for Service {}", meta::name(&slice), service_key(&slice));
        writes::delete(&world.api, def, &slice, "").await.map_err(|status| failed(status, &what))?;
    }
    Ok(())
}

/// An error that says what could not be done.
fn failed(mut status: Box<Status>, what: &str) -> Box<Status> {
    status.message = format!("failed to {what}: {}", status.message);
    status
}

fn service_key(slice: &Value) -> String {
    format!("{}/{}", meta::namespace(slice), service_of(slice))
}

fn is_managed_by(slice: &Value, manager: &str) -> bool {
    meta::text(slice, &["metadata", "labels", MANAGED_BY]) == manager
}
