//! What every write must pass before its kind is asked: the life of its namespace.

use serde_json::Value;

use super::{Api, stored};
use crate::{
    kinds::{KindDef, core::namespace},
    object::{
        Status, meta,
        status::{Cause, Result},
    },
};

/// Namespaces that cannot be deleted.
const IMMORTAL_NAMESPACES: [&str; 3] = ["default", "kube-system", "kube-public"];

impl Api {
    /// A new object needs a namespace that exists and is not on its way out.
    pub(super) fn admit_into_namespace(&self, def: &KindDef, object: &Value) -> Result<()> {
        if !def.is_namespaced() {
            return Ok(());
        }
        let name = meta::namespace(object);
        let Some(found) = self.0.store.get(&namespace::DEF.prefix().key(name)) else {
            return Err(Status::not_found("", "namespaces", name));
        };
        if !stored::facts(&namespace::DEF, &found).deleting {
            return Ok(());
        }
        let why = format!("unable to create new content in namespace {name} because it is being terminated");
        let mut status = Status::forbidden(&def.gvk.group, &def.plural, shown_name(object), &why);
        if let Some(details) = &mut status.details {
            details.causes.push(Cause {
                reason: "NamespaceTerminating".into(),
                message: format!("namespace {name} is being terminated"),
                field: "metadata.namespace".into(),
            });
        }
        Err(status)
    }
}

/// Some namespaces must stay.
pub(super) fn admit_delete(def: &KindDef, name: &str) -> Result<()> {
    if def.gvk == namespace::DEF.gvk && IMMORTAL_NAMESPACES.contains(&name) {
        return Err(Status::forbidden("", "namespaces", name, "this namespace may not be deleted"));
    }
    Ok(())
}

/// What a refusal calls an object that may not have a name yet.
fn shown_name(object: &Value) -> &str {
    let generate_name = meta::text(object, &["metadata", "generateName"]);
    match meta::name(object) {
        "" if generate_name.is_empty() => "Unknown",
        "" => generate_name,
        name => name,
    }
}
