//! What the controllers of Deployments and ReplicaSets have in common: who owns what, and which pods count.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::informer::Informers;
use crate::{
    kinds::KindDef,
    object::{Reason, meta, status::Result},
    verbs::{ListOptions, Patch, PatchKind, Target, WriteOptions, view},
};

/// The name of the object's controller if that is of this kind.
pub(super) fn controller_name<'a>(object: &'a Value, def: &KindDef) -> Option<&'a str> {
    let owner = controller(object)?;
    let of_kind = owner["kind"] == def.gvk.kind && owner["apiVersion"] == def.gvk.api_version();
    of_kind.then(|| meta::text(owner, &["name"]))
}

/// Whether somebody controls the object.
pub(super) fn has_controller(object: &Value) -> bool {
    controller(object).is_some()
}

/// Whether the owner controls the object.
pub(super) fn is_controlled(object: &Value, owner: &Value) -> bool {
    controller(object).is_some_and(|reference| reference["uid"] == meta::uid(owner))
}

/// The reference that makes an owner of this kind the controller.
pub(super) fn controller_reference(owner: &Value, def: &KindDef) -> Value {
    json!({
        "apiVersion": def.gvk.api_version(),
        "kind": def.gvk.kind,
        "name": meta::name(owner),
        "uid": meta::uid(owner),
        "controller": true,
        "blockOwnerDeletion": true,
    })
}

/// Whether a pod may still do its work.
pub(super) fn is_active(pod: &Value) -> bool {
    !meta::is_deleting(pod) && !["Succeeded", "Failed"].contains(&meta::text(pod, &["status", "phase"]))
}

/// A condition of an object.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    meta::items(object, &["status", "conditions"]).iter().find(|condition| condition["type"] == kind)
}

/// Whether a condition is true.
pub(super) fn is_true(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|condition| condition["status"] == "True")
}

/// How long a pod must stay ready until it is available; `None` while it is not ready.
pub(super) fn until_available(pod: &Value, min_ready_seconds: i64, now: Timestamp) -> Option<Duration> {
    let ready = condition(pod, "Ready").filter(|ready| ready["status"] == "True")?;
    let since: Timestamp = meta::text(ready, &["lastTransitionTime"]).parse().unwrap_or(now);
    let left = min_ready_seconds * 1000 - (now.as_millisecond() - since.as_millisecond());
    Some(if min_ready_seconds == 0 { Duration::ZERO } else { Duration::from_millis(u64::try_from(left).unwrap_or(0)) })
}

/// The objects of a namespace as they are now, which a watch may not have brought yet.
pub(super) async fn list(
    world: &Informers,
    def: &'static KindDef,
    namespace: &str,
    labels: String,
) -> Result<Vec<Value>> {
    let options = ListOptions { label_selector: labels, ..ListOptions::default() };
    let page = world.api.list(&Target::new(def, namespace, ""), &options).await?;
    Ok(page.items.iter().map(|stored| view(def, stored)).collect())
}

/// Merges changes into an object or its status; one that is gone needs none.
pub(super) async fn merge(
    world: &Informers,
    def: &'static KindDef,
    object: &Value,
    subresource: &str,
    changes: &Value,
    manager: &str,
) -> Result<()> {
    let target = Target::new(def, meta::namespace(object), meta::name(object));
    let patch = Patch { kind: PatchKind::Merge, body: Bytes::from(changes.to_string()) };
    match world.api.patch(&target, def.subresource(subresource), patch, &WriteOptions::internal(manager)).await {
        Ok(_) => Ok(()),
        Err(status) if status.reason == Reason::NotFound => Ok(()),
        Err(status) => Err(status),
    }
}

/// The changes that make the object's status these members, of which those that are zero are left out.
pub(super) fn status_changes(object: &Value, members: Value) -> Option<Value> {
    let mut changes = json!({});
    for (name, value) in members.as_object().into_iter().flatten() {
        let value = if *value == json!(0) { Value::Null } else { value.clone() };
        if meta::at(object, &["status", name]).unwrap_or(&Value::Null) != &value {
            changes[name] = value;
        }
    }
    let changed = changes.as_object().is_some_and(|changes| !changes.is_empty());
    changed.then(|| json!({"status": changes}))
}

fn controller(object: &Value) -> Option<&Value> {
    meta::items(object, &["metadata", "ownerReferences"]).iter().find(|owner| owner["controller"] == true)
}
