//! `DefaultIngressClass`: an Ingress that names no class gets the cluster's default one.

use std::future::ready;

use serde_json::Value;

use super::{default_class, is_create};
use crate::{
    kinds::networking::{ingress, ingress_class},
    object::meta,
    verbs::{
        Api,
        admission::{Admission, Attributes, Review, Verdict},
    },
};

/// Marks a class as the default one.
const MARK: &str = "ingressclass.kubernetes.io/is-default-class";

/// The plugin.
pub struct DefaultIngressClass;

impl Admission for DefaultIngressClass {
    fn name(&self) -> &'static str {
        "DefaultIngressClass"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        is_create(attributes) && attributes.sub.is_none() && attributes.target.def.gvk == ingress::DEF.gvk
    }

    fn mutate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        if let Some(ingress) = review.object.as_deref_mut()
            && meta::at(ingress, &["spec", "ingressClassName"]).is_none_or(Value::is_null)
            && meta::at(ingress, &["metadata", "annotations", ingress::CLASS]).is_none()
            && let Some(class) = default_class::name(api, &ingress_class::DEF, &[MARK])
        {
            meta::map_mut(ingress, "spec").insert("ingressClassName".to_owned(), class.into());
        }
        Box::pin(ready(Ok(())))
    }
}
