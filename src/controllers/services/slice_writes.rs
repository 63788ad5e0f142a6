//! What the two controllers that write EndpointSlices share: finding, shaping and writing theirs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::{
    api::discovery::v1::EndpointSlice,
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};
use serde_json::{Value, json};

use super::{slice_plan::Plan, triggers::annotate};
use crate::{
    controllers::engine::writes,
    world::{change::Change, decode::decode, informer::Informers, meta_view::MetaView, selection::SERVICE_NAME},
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
pub async fn existing(world: &Informers, namespace: &str, name: &str, manager: &str) -> Result<Vec<EndpointSlice>> {
    let mut slices = Vec::new();
    for slice in world.with_index(|index| index.slices(namespace, name)) {
        let found = world.get(&endpoint_slice::DEF, namespace, &slice).await?;
        let found = found.filter(|slice| is_managed_by(slice, manager) && !meta::is_deleting(slice));
        slices.extend(found.as_ref().map(decode).transpose()?);
    }
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
    owner: &MetaView<'_>,
    owner_def: &KindDef,
    mut labels: BTreeMap<String, String>,
    manager: &str,
    address_type: &str,
) -> EndpointSlice {
    let name = owner.name;
    labels.insert(SERVICE_NAME.to_owned(), name.to_owned());
    labels.insert(MANAGED_BY.to_owned(), manager.to_owned());
    let dash = if name.len() < NAME_LENGTH_MAX { "-" } else { "" };
    let owner_reference = OwnerReference {
        api_version: owner_def.gvk.api_version(),
        kind: owner_def.gvk.kind.to_string(),
        name: name.to_owned(),
        uid: owner.uid.to_owned(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    };
    EndpointSlice {
        metadata: ObjectMeta {
            generate_name: Some(format!("{name}{dash}")),
            namespace: Some(owner.namespace.to_owned()),
            labels: Some(labels),
            owner_references: Some(vec![owner_reference]),
            ..ObjectMeta::default()
        },
        address_type: address_type.to_owned(),
        ..EndpointSlice::default()
    }
}

/// Writes what a plan says.
pub async fn carry_out(world: &Informers, plan: Plan, time: Option<Timestamp>, may_create: bool) -> Result<()> {
    let def = &endpoint_slice::DEF;
    for mut slice in plan.create.into_iter().filter(|_| may_create) {
        annotate(&mut slice.metadata, time);
        let what = format!("create EndpointSlice for Service {}", service_key(&slice));
        if writes::create(&world.api, def, json!(slice)).await.map_err(|status| failed(status, &what))?.is_none() {
            return Ok(());
        }
    }
    for mut slice in plan.update {
        annotate(&mut slice.metadata, time);
        let what = format!("update {} EndpointSlice for Service {}", name(&slice), service_key(&slice));
        writes::update(&world.api, def, None, json!(slice)).await.map_err(|status| failed(status, &what))?;
    }
    for slice in plan.delete {
        let what = format!("delete {} EndpointSlice for Service {}", name(&slice), service_key(&slice));
        writes::delete(&world.api, def, &json!(slice), "").await.map_err(|status| failed(status, &what))?;
    }
    Ok(())
}

/// An error that says what could not be done.
fn failed(mut status: Box<Status>, what: &str) -> Box<Status> {
    status.message = format!("failed to {what}: {}", status.message);
    status
}

fn service_key(slice: &EndpointSlice) -> String {
    let service = slice.metadata.labels.as_ref().and_then(|labels| labels.get(SERVICE_NAME));
    let namespace = slice.metadata.namespace.as_deref().unwrap_or_default();
    format!("{namespace}/{}", service.map_or("", String::as_str))
}

fn name(slice: &EndpointSlice) -> &str {
    slice.metadata.name.as_deref().unwrap_or_default()
}

fn is_managed_by(slice: &Value, manager: &str) -> bool {
    meta::text(slice, &["metadata", "labels", MANAGED_BY]) == manager
}
