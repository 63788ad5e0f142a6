//! What puts a pod on a node.

use serde_json::{Value, json};

use super::status::set_condition;
use crate::kinds::{EditRequest, Moment};
use crate::object::{
    FieldError, FieldErrors, Path, Status, field,
    meta::{self, Object},
    status::Result,
};

/// `binding`: assigns a pod to the node that a Binding names, and takes over the Binding's labels and annotations.
pub struct Bind;

impl EditRequest for Bind {
    fn edit(&self, pod: &mut Value, binding: &Value, now: Moment) -> Result<()> {
        bind(pod, binding, now)
    }
}

fn bind(pod: &mut Value, binding: &Value, now: Moment) -> Result<()> {
    let errors = binding_errors(binding);
    if !errors.is_empty() {
        return Err(Status::untyped(field::aggregate(&errors)));
    }
    let name = meta::name(pod);
    let node = meta::text(pod, &["spec", "nodeName"]);
    let refuse = |why: String| Err(Status::conflict("", "pods/binding", name, &why));
    if meta::is_deleting(pod) {
        return refuse(format!("pod {name} is being deleted, cannot be assigned to a host"));
    }
    if !node.is_empty() {
        return refuse(format!("pod {name} is already assigned to node \"{node}\""));
    }
    if !meta::items(pod, &["spec", "schedulingGates"]).is_empty() {
        return refuse(format!("pod {name} has non-empty .spec.schedulingGates"));
    }
    let target = meta::text(binding, &["target", "name"]).to_owned();
    meta::map_mut(pod, "spec").insert("nodeName".to_owned(), target.into());
    for member in ["labels", "annotations"] {
        if let Some(added) = meta::map(binding, &["metadata", member]) {
            merge(meta::metadata_mut(pod), member, added);
        }
    }
    // The pod has its node, so it is nominated for none any more.
    meta::map_mut(pod, "status").shift_remove("nominatedNodeName");
    set_condition(pod, json!({"type": "PodScheduled", "status": "True"}), now);
    Ok(())
}

fn binding_errors(binding: &Value) -> FieldErrors {
    let path = Path::new("target");
    let mut errors = FieldErrors::new();
    let kind = meta::text(binding, &["target", "kind"]);
    if !["", "Node"].contains(&kind) {
        errors.push(FieldError::not_supported(&path.child("kind"), kind, &["Node", "<empty>"]));
    }
    if meta::text(binding, &["target", "name"]).is_empty() {
        errors.push(FieldError::required(&path.child("name"), ""));
    }
    errors
}

fn merge(metadata: &mut Object, member: &str, added: &Object) {
    let slot = metadata.entry(member).or_insert_with(|| json!({}));
    if let Value::Object(map) = slot {
        map.extend(added.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}
