//! `PodNodeSelector`: an annotation of a namespace says on which nodes its pods run.

use std::future::ready;

use serde_json::Value;

use super::{forbidden, namespace_annotation};
use crate::{
    object::{
        Status,
        meta::{self, Object},
        status::Result,
    },
    verbs::{
        Api,
        admission::{
            Admission, Attributes, Review, Verdict,
            plugins::{is_create, is_pod_write},
        },
    },
};

const ANNOTATION: &str = "scheduler.alpha.kubernetes.io/node-selector";

/// The plugin.
pub struct PodNodeSelector;

impl Admission for PodNodeSelector {
    fn name(&self) -> &'static str {
        "PodNodeSelector"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.sub.is_none() && is_create(attributes) && is_pod_write(attributes)
    }

    fn mutate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(ready(select(api, review, true)))
    }

    fn validates(&self, attributes: &Attributes<'_>) -> bool {
        self.handles(attributes)
    }

    fn validate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(ready(select(api, review, false)))
    }
}

/// Refuses a pod that wants to be elsewhere than its namespace, and adds the namespace's selector to it.
fn select(api: &Api, review: &mut Review<'_>, adds: bool) -> Result<()> {
    let Some(annotation) = namespace_annotation(api, review, ANNOTATION) else { return Ok(()) };
    let wanted = parse(&annotation)?;
    let Some(pod) = review.object.as_deref_mut() else { return Ok(()) };
    let own = meta::map(pod, &["spec", "nodeSelector"]);
    let conflicts = |key: &str, value: &Value| own.and_then(|own| own.get(key)).is_some_and(|own| own != value);
    if wanted.iter().any(|(key, value)| conflicts(key, value)) {
        let why = "pod node label selector conflicts with its namespace node label selector";
        return Err(forbidden(review, why));
    }
    if adds && !wanted.is_empty() {
        let selector = meta::map_mut(pod, "spec").entry("nodeSelector").or_insert(Value::Null);
        meta::members_mut(selector).extend(wanted);
    }
    Ok(())
}

/// `a=b,c=d`
fn parse(text: &str) -> Result<Object> {
    let mut labels = Object::new();
    for part in text.split(',').filter(|_| !text.is_empty()) {
        let mut sides = part.split('=');
        let (Some(key), Some(value), None) = (sides.next(), sides.next(), sides.next()) else {
            return Err(Status::untyped(format!("invalid selector: {text}")));
        };
        labels.insert(key.trim().to_owned(), value.trim().into());
    }
    Ok(labels)
}
