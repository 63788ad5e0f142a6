//! `NamespaceExists`: whatever is done in a namespace, the namespace has to be there.

use std::future::ready;

use crate::{
    kinds::core::namespace,
    verbs::{
        Api, Target,
        admission::{Admission, Attributes, Operation, Review, Verdict},
    },
};

/// The plugin.
pub struct NamespaceExists;

impl Admission for NamespaceExists {
    fn name(&self) -> &'static str {
        "NamespaceExists"
    }

    fn validates(&self, attributes: &Attributes<'_>) -> bool {
        attributes.operation != Operation::Connect && attributes.target.namespace.is_some()
    }

    fn validate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        let name = review.attributes.target.namespace.as_deref().unwrap_or_default();
        let namespace = Target::new(&namespace::DEF, "", name);
        let found = api.0.store.get(&namespace.key());
        Box::pin(ready(found.map(drop).ok_or_else(|| namespace.not_found())))
    }
}
