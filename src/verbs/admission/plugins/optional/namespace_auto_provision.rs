//! `NamespaceAutoProvision`: who creates an object in a namespace that is not there gets that namespace too.

use serde_json::json;

use crate::{
    kinds::core::namespace,
    object::{Reason, status::Result},
    verbs::{
        Api, DecodedObject, Target, WriteOptions,
        admission::{Admission, Attributes, Operation, Review, Verdict},
    },
};

/// Under which name the server itself writes.
const SELF: &str = "kube-apiserver";

/// The plugin.
pub struct NamespaceAutoProvision;

impl Admission for NamespaceAutoProvision {
    fn name(&self) -> &'static str {
        "NamespaceAutoProvision"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.operation == Operation::Create && attributes.target.namespace.is_some() && !attributes.dry_run
    }

    fn mutate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(provide(api, review.attributes.target.namespace.as_deref().unwrap_or_default()))
    }
}

async fn provide(api: &Api, name: &str) -> Result<()> {
    if api.0.store.get(&Target::new(&namespace::DEF, "", name).key()).is_some() {
        return Ok(());
    }
    let object = DecodedObject::from(json!({"metadata": {"name": name}}));
    match api.create(&Target::new(&namespace::DEF, "", ""), object, &WriteOptions::internal(SELF)).await {
        Err(status) if status.reason != Reason::AlreadyExists => Err(status),
        _ => Ok(()),
    }
}
