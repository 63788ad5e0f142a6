//! `LimitRanger`: pods and claims keep to the limit ranges of their namespace, and containers that ask for nothing get
//! what those say.

use std::{collections::BTreeMap, future::ready};

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
        let ranges = self.ranges(&review.attributes);
        let broken: Vec<_> = if def.gvk == pod::DEF.gvk {
            let spec = pod::spec(object);
            let asked = pods::Asked::of(&spec);
            ranges.iter().map(|range| limits::of_pod(range, &asked)).collect()
        } else {
            let requests = requests_of(object);
            ranges.iter().map(|range| limits::of_claim(range, &requests)).collect()
        };
        match broken.into_iter().find_map(limits::aggregate) {
            Some(why) => Err(Status::forbidden(&def.gvk.group, &def.plural, shown_name(object), &why)),
            None => Ok(()),
        }
    }
}

impl Admission for LimitRanger {
    fn name(&self) -> &'static str {
        "LimitRanger"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        // An update of a pod cannot change what its containers request.
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

/// What a claim requests, by the name of the resource.
fn requests_of(claim: &Value) -> BTreeMap<&str, Quantity> {
    let requests = meta::map(claim, &["spec", "resources", "requests"]).into_iter().flatten();
    requests.filter_map(|(name, amount)| Some((name.as_str(), Quantity::parse(amount.as_str()?)?))).collect()
}
