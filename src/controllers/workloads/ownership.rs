//! What the controllers of Deployments and ReplicaSets have in common: who owns what, and which pods count.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use crate::controllers::engine::writes;
use crate::world::{change::Change, informer::Informers};
use crate::{
    kinds::{Kind, KindDef, apps::workload},
    object::{meta, selector::LabelSelector, status::Result},
};

/// What each object of a kind selects, by `namespace/name`.
#[derive(Default)]
pub struct Selections(Mutex<BTreeMap<String, LabelSelector>>);

impl Selections {
    /// Brings them up to date with a change of such an object.
    pub fn apply(&self, change: &Change) {
        self.apply_as(change, workload::selector);
    }

    /// As [`Selections::apply`], of a kind that says in its own way what an object selects.
    pub fn apply_as(&self, change: &Change, selector: fn(&Value) -> Option<LabelSelector>) {
        let mut selectors = self.selectors();
        match change.now().and_then(selector) {
            Some(selector) => selectors.insert(change.namespaced_name(), selector),
            None => selectors.remove(&change.namespaced_name()),
        };
    }

    /// Those that select an object which nobody controls; none if somebody does.
    pub fn of_orphan(&self, object: &Value) -> Vec<String> {
        if is_orphan(object) { self.of(object) } else { Vec::new() }
    }

    /// Those that select an object.
    pub fn of(&self, object: &Value) -> Vec<String> {
        let (selectors, prefix) = (self.selectors(), format!("{}/", meta::namespace(object)));
        let labels = meta::map(object, &["metadata", "labels"]);
        let in_namespace = selectors.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
        in_namespace.filter(|(_, selector)| selector.matches_map(labels)).map(|(key, _)| key.clone()).collect()
    }

    fn selectors(&self) -> MutexGuard<'_, BTreeMap<String, LabelSelector>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of the object's controller if that is of this kind.
pub fn controller_name<'a>(object: &'a Value, def: &KindDef) -> Option<&'a str> {
    let owner = controller(object)?;
    let of_kind = owner["kind"] == *def.gvk.kind && owner["apiVersion"] == def.gvk.api_version();
    of_kind.then(|| meta::text(owner, &["name"]))
}

/// Whether the owner controls the object.
pub fn is_controlled(object: &Value, owner: &Value) -> bool {
    controller(object).is_some_and(|reference| reference["uid"] == meta::uid(owner))
}

/// Whether nobody controls the object.
pub fn is_orphan(object: &Value) -> bool {
    controller(object).is_none()
}

/// The reference that makes an owner of this kind the controller.
pub fn controller_reference(owner: &Value, def: &KindDef) -> Value {
    json!({
        "apiVersion": def.gvk.api_version(),
        "kind": def.gvk.kind,
        "name": meta::name(owner),
        "uid": meta::uid(owner),
        "controller": true,
        "blockOwnerDeletion": true,
    })
}

/// A condition of an object.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    meta::items(object, &["status", "conditions"]).iter().find(|condition| condition["type"] == kind)
}

/// Gives an object other owners.
pub async fn set_owners(
    world: &Informers,
    def: &Kind,
    object: &Value,
    owners: Vec<Value>,
    manager: &str,
) -> Result<()> {
    let owners = if owners.is_empty() { Value::Null } else { json!(owners) };
    let changes = json!({"metadata": {"uid": meta::uid(object), "ownerReferences": owners}});
    writes::merge(&world.api, manager, def, object, "", &changes).await?;
    Ok(())
}

/// The changes that make the object's status these members, of which those that are zero are left out.
pub fn status_changes(object: &Value, members: Value) -> Option<Value> {
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

/// The reference to what controls an object.
pub fn controller(object: &Value) -> Option<&Value> {
    meta::items(object, &["metadata", "ownerReferences"]).iter().find(|owner| owner["controller"] == true)
}
