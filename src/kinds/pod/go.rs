//! Pods as a server's own structs print them.

use serde_json::{Value, json};

use super::go_layout::{EPHEMERAL_CONTAINER, POD_SPEC};
use crate::kinds::rules::go_struct::{indented, lay_out, sorted};
use crate::object::meta::Object;

/// The spec of a pod as indented JSON.
pub fn render(spec: &Value) -> String {
    indented(&show_spec(spec))
}

/// An ephemeral container as indented JSON.
pub fn render_ephemeral(container: &Value) -> String {
    indented(&lay_out(container, EPHEMERAL_CONTAINER))
}

/// A template for pods as an error shows it: its metadata, and its spec under Go's name for it.
pub fn show_template(template: &Value) -> Value {
    const MEMBERS: [&str; 15] = [
        "name",
        "generateName",
        "namespace",
        "selfLink",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "labels",
        "annotations",
        "ownerReferences",
        "finalizers",
        "managedFields",
    ];
    let mut shown = Object::new();
    for member in MEMBERS {
        match template.get("metadata").and_then(|metadata| metadata.get(member)) {
            None | Some(Value::Null) => {}
            Some(Value::Object(map)) if map.is_empty() => {}
            Some(Value::Object(map)) => {
                shown.insert(member.to_owned(), sorted(map));
            }
            Some(value) => {
                shown.insert(member.to_owned(), value.clone());
            }
        }
    }
    shown.insert("Spec".to_owned(), show_spec(template.get("spec").unwrap_or(&Value::Null)));
    Value::Object(shown)
}

fn show_spec(spec: &Value) -> Value {
    let mut spec = spec.clone();
    if let Some(members) = spec.as_object_mut() {
        // These live in the security context on the inside.
        let hosts: Vec<_> = ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"]
            .iter()
            .filter_map(|name| members.get(*name).map(|value| ((*name).to_owned(), value.clone())))
            .collect();
        if !hosts.is_empty() {
            let spec = members.entry("securityContext").or_insert_with(|| json!({}));
            if let Value::Object(context) = spec {
                context.extend(hosts);
            }
        }
    }
    lay_out(&spec, POD_SPEC)
}
