//! `PodTolerationRestriction`: annotations of a namespace say what its pods tolerate, and what they may.

use std::future::ready;

use serde_json::{Value, json};

use super::namespace_annotation;
use crate::{
    kinds::pod,
    object::{Status, meta, status::Result},
    verbs::{
        Api,
        admission::{
            Admission, Attributes, Review, Verdict,
            plugins::{is_create, is_pod_write, tolerations},
        },
    },
};

const DEFAULT: &str = "scheduler.alpha.kubernetes.io/defaultTolerations";
const ALLOWED: &str = "scheduler.alpha.kubernetes.io/tolerationsWhitelist";

/// The plugin.
pub struct PodTolerationRestriction;

impl Admission for PodTolerationRestriction {
    fn name(&self) -> &'static str {
        "PodTolerationRestriction"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.sub.is_none() && is_pod_write(attributes)
    }

    fn mutate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(ready(add(api, review).and_then(|()| check(api, review))))
    }

    fn validates(&self, attributes: &Attributes<'_>) -> bool {
        self.handles(attributes)
    }

    fn validate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(ready(check(api, review)))
    }
}

/// Adds what the namespace's pods tolerate, and what pods do that ask for resources.
fn add(api: &Api, review: &mut Review<'_>) -> Result<()> {
    let mut added = Vec::new();
    if is_create(&review.attributes) {
        added.extend(listed(api, review, DEFAULT)?.into_iter().flatten());
    }
    let Some(pod) = review.object.as_deref_mut() else { return Ok(()) };
    if pod::qos_class(pod) != "BestEffort" {
        added.push(json!({"key": "node.kubernetes.io/memory-pressure", "operator": "Exists", "effect": "NoSchedule"}));
    }
    if !added.is_empty() {
        let own = meta::items(pod, &["spec", "tolerations"]).to_vec();
        let merged = tolerations::merge(own, &added);
        meta::map_mut(pod, "spec").insert("tolerations".to_owned(), merged.into());
    }
    Ok(())
}

/// Refuses a pod that tolerates more than its namespace allows.
fn check(api: &Api, review: &mut Review<'_>) -> Result<()> {
    let allowed = listed(api, review, ALLOWED)?.unwrap_or_default();
    let Some(pod) = review.object.as_deref() else { return Ok(()) };
    let is_allowed = |toleration: &Value| allowed.iter().any(|allowed| tolerations::covers(allowed, toleration));
    if allowed.is_empty() || meta::items(pod, &["spec", "tolerations"]).iter().all(is_allowed) {
        return Ok(());
    }
    let why =
        "pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist";
    Err(Status::untyped(why))
}

/// The tolerations in an annotation of the namespace; `None` without one.
fn listed(api: &Api, review: &mut Review<'_>, annotation: &str) -> Result<Option<Vec<Value>>> {
    let Some(text) = namespace_annotation(api, review, annotation) else { return Ok(None) };
    if text.is_empty() {
        return Ok(Some(Vec::new()));
    }
    serde_json::from_str(&text).map(Some).map_err(|error| Status::untyped(error.to_string()))
}
