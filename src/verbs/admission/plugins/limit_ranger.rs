//! `LimitRanger`: pods and claims keep to the limit ranges of their namespace, and containers that ask for nothing get
//! what those say.

use std::future::ready;

use k8s_openapi::api::core::v1::PodSpec;
use serde::Deserialize;
use serde_json::Value;

use super::{namespace_lifecycle::shown_name, namespaced::Namespaced};
use crate::{
    kinds::{
        core::limit_range::{self, limits, pods},
        pod,
    },
    object::{Status, meta, status::Result},
    store::Store,
    text::quantity::Quantity,
    verbs::{
        Api,
        admission::{Admission, Attributes, Operation, Review, Verdict},
        read::stored,
    },
};

/// The plugin.
pub struct LimitRanger {
    ranges: Namespaced,
}

impl LimitRanger {
    /// For the limit ranges of this store.
    pub fn new(store: Store) -> Self {
        Self { ranges: Namespaced::new(store, &limit_range::DEF) }
    }

    /// The limit ranges that concern a request.
    fn ranges(&self, attributes: &Attributes<'_>) -> Vec<Value> {
        let found = self.ranges.of(attributes.target.namespace.as_deref()).into_iter();
        found.map(|(_, range)| stored::parse(range.bytes())).collect()
    }

    fn check(&self, review: &Review<'_>) -> Result<()> {
        let Some(object) = review.object.as_deref() else { return Ok(()) };
        if review.old.is_some_and(meta::is_deleting) {
            return Ok(());
        }
        let def = &review.attributes.target.def;
        for range in self.ranges(&review.attributes) {
            let broken =
                if def.gvk == pod::DEF.gvk { broken_by_pod(&range, object) } else { broken_by_claim(&range, object) };
            if let Some(why) = limits::aggregate(broken) {
                return Err(Status::forbidden(&def.gvk.group, &def.plural, shown_name(object), &why));
            }
        }
        Ok(())
    }
}

impl Admission for LimitRanger {
    fn name(&self) -> &'static str {
        "LimitRanger"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        // Containers of a pod that is there stay as they are.
        let is_new_pod = is_pod(attributes) && attributes.sub.is_none() && attributes.operation == Operation::Create;
        is_new_pod && self.ranges.has(attributes.target.namespace.as_deref())
    }

    fn mutate<'a, 'r: 'a>(&'a self, _api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        let ranges = self.ranges(&review.attributes);
        if let Some(pod) = review.object.as_deref_mut() {
            ranges.iter().for_each(|range| pods::fill(range, pod));
        }
        Box::pin(ready(Ok(())))
    }

    fn validates(&self, attributes: &Attributes<'_>) -> bool {
        let is_limited = match (attributes.sub.map(|sub| &*sub.name), attributes.operation) {
            (None, Operation::Create) => is_pod(attributes) || is_claim(attributes),
            (None, Operation::Update) => is_claim(attributes),
            (Some("resize"), Operation::Update) => is_pod(attributes),
            _ => false,
        };
        is_limited && self.ranges.has(attributes.target.namespace.as_deref())
    }

    fn validate<'a, 'r: 'a>(&'a self, _api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(ready(self.check(review)))
    }
}

fn is_pod(attributes: &Attributes<'_>) -> bool {
    attributes.target.def.gvk == pod::DEF.gvk
}

fn is_claim(attributes: &Attributes<'_>) -> bool {
    let gvk = &attributes.target.def.gvk;
    gvk.group.is_empty() && gvk.kind == limit_range::CLAIM
}

fn broken_by_pod(range: &Value, pod: &Value) -> Vec<String> {
    let spec = pod.get("spec").and_then(|spec| PodSpec::deserialize(spec).ok()).unwrap_or_default();
    limits::of_pod(range, &pods::Asked::of(&spec))
}

fn broken_by_claim(range: &Value, claim: &Value) -> Vec<String> {
    let requests = meta::map(claim, &["spec", "resources", "requests"]).into_iter().flatten();
    let requests = requests.filter_map(|(name, amount)| Some((name.as_str(), Quantity::parse(amount.as_str()?)?)));
    limits::of_claim(range, &requests.collect())
}
