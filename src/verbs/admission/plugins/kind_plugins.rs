//! The plugins that a kind's definition names: they concern that kind only, and need nothing but the object.

use std::collections::BTreeSet;

use crate::{
    object::status::Result,
    verbs::{
        Api,
        admission::{Admission, Attributes, Operation, Review, Verdict},
    },
};

/// Asks the plugins of the request's kind.
pub struct KindPlugins;

impl Admission for KindPlugins {
    fn name(&self) -> &'static str {
        "KindPlugins"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.sub.is_none()
            && matches!(attributes.operation, Operation::Create | Operation::Update)
            && !attributes.target.def.admission.is_empty()
    }

    fn mutate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(std::future::ready(mutate(review, &api.0.settings.disabled_plugins)))
    }
}

fn mutate(review: &mut Review<'_>, disabled: &BTreeSet<String>) -> Result<()> {
    let Some(object) = review.object.as_deref_mut() else { return Ok(()) };
    let mut plugins = review.attributes.target.def.admission.iter().filter(|plugin| !disabled.contains(plugin.name()));
    plugins.try_for_each(|plugin| plugin.mutate(object, review.old))
}
