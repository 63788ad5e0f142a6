//! `OwnerReferencesPermissionEnforcement`: who gives an object to an owner may delete the object, and who keeps the owner
//! from going before it may change the owner's finalizers.

use std::future::ready;

use serde_json::Value;

use super::{forbidden, is_write};
use crate::{
    object::{
        access::{self, Resource, Subject},
        meta,
        status::Result,
    },
    verbs::{
        Api,
        admission::{Admission, Attributes, Operation, Review, Verdict},
    },
};

/// The plugin.
pub struct OwnerReferencesPermissionEnforcement;

impl Admission for OwnerReferencesPermissionEnforcement {
    fn name(&self) -> &'static str {
        "OwnerReferencesPermissionEnforcement"
    }

    fn validates(&self, attributes: &Attributes<'_>) -> bool {
        is_write(attributes) && attributes.sub.is_none_or(|sub| sub.name != "status")
    }

    fn validate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(ready(check(api, review)))
    }
}

fn check(api: &Api, review: &Review<'_>) -> Result<()> {
    let owners = |object: Option<&Value>| -> Vec<Value> {
        object.map(|object| meta::items(object, &["metadata", "ownerReferences"]).to_vec()).unwrap_or_default()
    };
    let (new, old) = (owners(review.object.as_deref()), owners(review.old));
    if new == old {
        return Ok(());
    }
    let Attributes { target, sub, operation, .. } = review.attributes;
    if operation != Operation::Create {
        let object = Resource {
            group: &target.def.gvk.group,
            version: &target.def.gvk.version,
            resource: &target.def.plural,
            subresource: sub.map_or("", |sub| &sub.name),
            namespace: target.namespace.as_deref().unwrap_or_default(),
            name: target.name(),
        };
        if let Some(reason) = refusal(api, review, "delete", object) {
            let why = format!("cannot set an ownerRef on a resource you can't delete: {reason}, <nil>");
            return Err(forbidden(review, &why));
        }
    }
    let blocks = |owner: &&Value| owner.get("blockOwnerDeletion") == Some(&Value::Bool(true));
    let is_new = |owner: &&Value| !old.iter().any(|known| known["uid"] == owner["uid"] && blocks(&known));
    new.iter().filter(blocks).filter(is_new).try_for_each(|owner| check_blocking(api, review, owner))
}

/// Checks that the sender may change the finalizers of an owner.
fn check_blocking(api: &Api, review: &Review<'_>, owner: &Value) -> Result<()> {
    let (version, kind) = (meta::text(owner, &["apiVersion"]), meta::text(owner, &["kind"]));
    let (group, number) = version.rsplit_once('/').unwrap_or(("", version));
    let Some(def) = api.registry().kind(group, number, kind) else {
        let why = format!(
            "cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion {version} Kind \
             {kind}: no matches for kind \"{kind}\" in version \"{version}\""
        );
        return Err(forbidden(review, &why));
    };
    let namespace = review.attributes.target.namespace.as_deref().filter(|_| def.is_namespaced());
    let owner = Resource {
        group,
        version: number,
        resource: &def.plural,
        subresource: "finalizers",
        namespace: namespace.unwrap_or_default(),
        name: meta::text(owner, &["name"]),
    };
    match refusal(api, review, "update", owner) {
        Some(reason) => {
            let why = format!(
                "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: \
                 {reason}, <nil>"
            );
            Err(forbidden(review, &why))
        }
        None => Ok(()),
    }
}

/// Why the sender may not do this; `None` if it may.
fn refusal(api: &Api, review: &Review<'_>, verb: &str, of: Resource<'_>) -> Option<String> {
    let attributes = access::Attributes { verb, subject: Subject::Resource(of) };
    let decision = api.authorize(&review.attributes.caller.user, &attributes);
    (!decision.allowed).then_some(decision.reason)
}
