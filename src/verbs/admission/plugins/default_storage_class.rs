//! `DefaultStorageClass`: a claim that names no class gets the cluster's default one. A claim whose `storageClassName` is empty
//! gets none.

use std::future::ready;

use serde_json::Value;

use super::{default_class, is_create};
use crate::{
    kinds::storage::{persistent_volume_claim, storage_class},
    object::meta,
    verbs::{
        Api,
        admission::{Admission, Attributes, Review, Verdict},
    },
};

/// Mark a class as the default one.
const MARKS: &[&str] =
    &["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

/// How claims named their class before there was a field for it.
const OLD_NAME: &str = "volume.beta.kubernetes.io/storage-class";

/// The plugin.
pub struct DefaultStorageClass;

impl Admission for DefaultStorageClass {
    fn name(&self) -> &'static str {
        "DefaultStorageClass"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        let def = &attributes.target.def;
        is_create(attributes) && attributes.sub.is_none() && def.gvk == persistent_volume_claim::DEF.gvk
    }

    fn mutate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        if let Some(claim) = review.object.as_deref_mut()
            && meta::at(claim, &["spec", "storageClassName"]).is_none_or(Value::is_null)
            && meta::at(claim, &["metadata", "annotations", OLD_NAME]).is_none()
            && let Some(class) = default_class::name(api, &storage_class::DEF, MARKS)
        {
            meta::map_mut(claim, "spec").insert("storageClassName".to_owned(), class.into());
        }
        Box::pin(ready(Ok(())))
    }
}
