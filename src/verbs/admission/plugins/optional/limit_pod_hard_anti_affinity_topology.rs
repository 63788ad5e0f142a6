//! `LimitPodHardAntiAffinityTopology`: pods keep others off their own node only.

use std::future::ready;

use super::is_write;
use crate::{
    object::{Status, meta, status::Result},
    verbs::{
        Api,
        admission::{Admission, Attributes, Review, Verdict, plugins::is_pod_write},
    },
};

const NODE: &str = "kubernetes.io/hostname";

/// The plugin.
pub struct LimitPodHardAntiAffinityTopology;

impl Admission for LimitPodHardAntiAffinityTopology {
    fn name(&self) -> &'static str {
        "LimitPodHardAntiAffinityTopology"
    }

    fn validates(&self, attributes: &Attributes<'_>) -> bool {
        is_write(attributes) && attributes.sub.is_none() && is_pod_write(attributes)
    }

    fn validate<'a, 'r: 'a>(&'a self, _api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(ready(check(review)))
    }
}

fn check(review: &Review<'_>) -> Result<()> {
    let Some(pod) = review.object.as_deref() else { return Ok(()) };
    let path = ["spec", "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
    let mut keys = meta::items(pod, &path).iter().map(|term| meta::text(term, &["topologyKey"]));
    let Some(key) = keys.find(|key| *key != NODE) else { return Ok(()) };
    let why = format!(
        "affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey {key} but only key {NODE} is allowed"
    );
    Err(Status::forbidden("", &review.attributes.target.def.plural, meta::name(pod), &why))
}
