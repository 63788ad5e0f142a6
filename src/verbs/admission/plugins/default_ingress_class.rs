//! `DefaultIngressClass`: an Ingress that names no class gets the cluster's default one.

use std::{cmp::Reverse, future::ready};

use serde_json::Value;

use crate::{
    kinds::networking::{ingress, ingress_class},
    object::meta,
    verbs::{
        Api,
        admission::{Admission, Attributes, Operation, Review, Verdict},
        read::stored,
    },
};

/// Marks a class as the default one.
const IS_DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";

/// The plugin.
pub struct DefaultIngressClass;

impl Admission for DefaultIngressClass {
    fn name(&self) -> &'static str {
        "DefaultIngressClass"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        let def = &attributes.target.def;
        attributes.operation == Operation::Create && attributes.sub.is_none() && def.gvk == ingress::DEF.gvk
    }

    fn mutate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        if let Some(ingress) = review.object.as_deref_mut()
            && meta::at(ingress, &["spec", "ingressClassName"]).is_none_or(Value::is_null)
            && meta::at(ingress, &["metadata", "annotations", ingress::CLASS]).is_none()
            && let Some(class) = default_class(api)
        {
            meta::map_mut(ingress, "spec").insert("ingressClassName".to_owned(), class.into());
        }
        Box::pin(ready(Ok(())))
    }
}

/// The name of the default class; of several, that of the newest one, or else the first by name.
fn default_class(api: &Api) -> Option<String> {
    let snapshot = api.0.store.snapshot();
    let classes = snapshot.range(&ingress_class::DEF.prefix(), None).map(|(_, class)| stored::parse(class.bytes()));
    let defaults = classes.filter(|class| meta::text(class, &["metadata", "annotations", IS_DEFAULT]) == "true");
    let created = |class: &Value| meta::text(class, &["metadata", "creationTimestamp"]).to_owned();
    let keyed = defaults.map(|class| (Reverse(created(&class)), meta::name(&class).to_owned()));
    keyed.min().map(|(_, name)| name)
}
