//! `NamespaceLifecycle`: a new object needs a namespace that is there to stay, and some namespaces stay for ever.

use serde_json::Value;

use crate::{
    kinds::{Storage, core::namespace},
    object::{
        Status, meta,
        status::{Cause, Result},
    },
    verbs::{
        Api, Target,
        admission::{Admission, Attributes, Operation, Review, Verdict},
        read::stored,
    },
};

/// Namespaces that cannot be deleted.
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

/// The plugin.
pub struct NamespaceLifecycle;

impl Admission for NamespaceLifecycle {
    fn name(&self) -> &'static str {
        "NamespaceLifecycle"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        let Target { def, .. } = attributes.target;
        match attributes.operation {
            // A review makes nothing.
            Operation::Create => def.is_namespaced() && !matches!(def.storage, Storage::Nothing),
            Operation::Delete => def.gvk == namespace::DEF.gvk,
            Operation::Update | Operation::Connect => false,
        }
    }

    fn mutate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        let verdict = match review.attributes.operation {
            Operation::Delete => may_go(review.attributes.target.name()),
            _ => may_come(api, review),
        };
        Box::pin(std::future::ready(verdict))
    }
}

fn may_go(name: &str) -> Result<()> {
    if !IMMORTAL.contains(&name) {
        return Ok(());
    }
    Err(Status::forbidden("", &namespace::DEF.plural, name, "this namespace may not be deleted"))
}

fn may_come(api: &Api, review: &mut Review<'_>) -> Result<()> {
    let Target { def, namespace: Some(name), .. } = review.attributes.target else { return Ok(()) };
    let key = namespace::DEF.prefix().key(name);
    let Some(found) = api.0.store.get(&key) else {
        return Err(Status::not_found("", &namespace::DEF.plural, name));
    };
    if !stored::facts(&namespace::DEF, &found).deleting {
        review.reliance.unchanged.push((key, found.revision()));
        return Ok(());
    }
    let why = format!("unable to create new content in namespace {name} because it is being terminated");
    let object = review.object.as_deref().unwrap_or(&Value::Null);
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

/// What a refusal calls an object that may not have a name yet.
pub(super) fn shown_name(object: &Value) -> &str {
    let generate_name = meta::text(object, &["metadata", "generateName"]);
    match meta::name(object) {
        "" if generate_name.is_empty() => "Unknown",
        "" => generate_name,
        name => name,
    }
}
