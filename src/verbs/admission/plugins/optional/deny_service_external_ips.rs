//! `DenyServiceExternalIPs`: Services get no external addresses that they had not before.

use std::future::ready;

use super::{forbidden, is_write};
use crate::{
    kinds::service,
    object::meta,
    verbs::{
        Api,
        admission::{Admission, Attributes, Review, Verdict},
    },
};

/// The plugin.
pub struct DenyServiceExternalIps;

impl Admission for DenyServiceExternalIps {
    fn name(&self) -> &'static str {
        "DenyServiceExternalIPs"
    }

    fn validates(&self, attributes: &Attributes<'_>) -> bool {
        is_write(attributes) && attributes.sub.is_none() && attributes.target.def.gvk == service::DEF.gvk
    }

    fn validate<'a, 'r: 'a>(&'a self, _api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        let path = ["spec", "externalIPs"];
        let new = review.object.as_deref().map(|service| meta::items(service, &path)).unwrap_or_default();
        let old = review.old.map(|service| meta::items(service, &path)).unwrap_or_default();
        let verdict = if new.iter().all(|ip| old.contains(ip)) {
            Ok(())
        } else {
            Err(forbidden(review, "Use of external IPs is denied by admission control."))
        };
        Box::pin(ready(verdict))
    }
}
