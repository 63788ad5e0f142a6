//! `ResourceQuota`: objects are only written for as long as the quotas of their namespace are not exceeded.
//!
//! What an object uses is added to the quota's status in the transaction that writes the object, so nothing is charged for
//! what is not written, and writers never exceed a quota together.

mod charge;
mod check;

use std::future::ready;

use super::{namespace_lifecycle::shown_name, namespaced::Namespaced};
use crate::{
    kinds::{
        core::resource_quota,
        quota::{Write, evaluator},
    },
    object::{Status, status::Result},
    store::Store,
    verbs::{
        Api,
        admission::{Admission, Attributes, Operation, Review, Verdict},
        read::stored,
    },
};
use check::{Quota, check, may_exceed};

/// The plugin.
pub struct ResourceQuota {
    quotas: Namespaced,
}

impl ResourceQuota {
    /// For the quotas of this store.
    pub fn new(store: Store) -> Self {
        Self { quotas: Namespaced::new(store, &resource_quota::DEF) }
    }

    fn admit(&self, api: &Api, review: &mut Review<'_>) -> Result<()> {
        let Attributes { operation, target, sub, dry_run, .. } = review.attributes;
        let (Some(evaluator), Some(object)) = (evaluator(&target.def), review.object.as_deref()) else {
            return Ok(());
        };
        let write = Write {
            is_create: operation == Operation::Create,
            subresource: sub.map(|sub| &*sub.name).unwrap_or_default(),
            old: review.old,
            object,
        };
        if !evaluator.handles(&write) {
            return Ok(());
        }
        let found = self.quotas.of(target.namespace.as_deref()).into_iter();
        let quotas: Vec<_> = found
            .map(|(key, stored)| Quota { key, object: stored::parse(stored.bytes()), revision: stored.revision() })
            .collect();
        let charges = check(&quotas, &*evaluator, &write, api.now())
            .map_err(|why| Status::forbidden(&target.def.gvk.group, &target.def.plural, shown_name(object), &why))?;
        if !dry_run {
            let amendments =
                charges.into_iter().map(|(quota, usage)| charge::amendment(api, quota, usage, may_exceed(&write)));
            let amendments: Vec<_> = amendments.collect();
            review.reliance.amendments.extend(amendments);
        }
        Ok(())
    }
}

impl Admission for ResourceQuota {
    fn name(&self) -> &'static str {
        "ResourceQuota"
    }

    fn validates(&self, attributes: &Attributes<'_>) -> bool {
        matches!(attributes.operation, Operation::Create | Operation::Update)
            && self.quotas.has(attributes.target.namespace.as_deref())
    }

    fn validate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(ready(self.admit(api, review)))
    }
}
