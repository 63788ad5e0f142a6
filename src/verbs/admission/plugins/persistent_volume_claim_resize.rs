//! `PersistentVolumeClaimResize`: a claim grows only if its class says that its volumes can.

use std::future::ready;

use serde_json::Value;

use super::optional::forbidden;
use crate::{
    kinds::storage::{persistent_volume_claim, storage_class},
    object::{meta, status::Result},
    text::quantity::nanos,
    verbs::{
        Api,
        admission::{Admission, Attributes, Operation, Review, Verdict},
    },
};

/// How claims named their class before there was a field for it.
const OLD_NAME: &str = "volume.beta.kubernetes.io/storage-class";

/// The plugin.
pub struct PersistentVolumeClaimResize;

impl Admission for PersistentVolumeClaimResize {
    fn name(&self) -> &'static str {
        "PersistentVolumeClaimResize"
    }

    fn validates(&self, attributes: &Attributes<'_>) -> bool {
        let def = &attributes.target.def;
        attributes.operation == Operation::Update
            && attributes.sub.is_none()
            && def.gvk == persistent_volume_claim::DEF.gvk
    }

    fn validate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(ready(check(api, review)))
    }
}

fn check(api: &Api, review: &mut Review<'_>) -> Result<()> {
    let (Some(claim), Some(old)) = (review.object.as_deref(), review.old) else { return Ok(()) };
    if size(claim) <= size(old) {
        return Ok(());
    }
    if meta::text(old, &["status", "phase"]) != "Bound" {
        return Err(forbidden(review, "Only bound persistent volume claims can be expanded"));
    }
    let (class, before) = (class_of(claim).to_owned(), class_of(old));
    let found =
        if class.is_empty() || class != before { None } else { review.rely_on(api, &storage_class::DEF, "", &class) };
    if found.is_some_and(|class| class.get("allowVolumeExpansion") == Some(&Value::Bool(true))) {
        return Ok(());
    }
    let why = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support \
               resize";
    Err(forbidden(review, why))
}

fn size(claim: &Value) -> i128 {
    nanos(meta::text(claim, &["spec", "resources", "requests", "storage"])).unwrap_or_default()
}

fn class_of(claim: &Value) -> &str {
    match meta::text(claim, &["metadata", "annotations", OLD_NAME]) {
        "" => meta::text(claim, &["spec", "storageClassName"]),
        class => class,
    }
}
