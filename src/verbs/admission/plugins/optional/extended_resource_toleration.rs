//! `ExtendedResourceToleration`: pods that ask for an extended resource tolerate the taint that has its name.

use std::{collections::BTreeSet, future::ready};

use serde_json::{Value, json};

use crate::{
    object::meta,
    verbs::{
        Api,
        admission::{Admission, Attributes, Review, Verdict, plugins::is_pod_write},
    },
};

/// The plugin.
pub struct ExtendedResourceToleration;

impl Admission for ExtendedResourceToleration {
    fn name(&self) -> &'static str {
        "ExtendedResourceToleration"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.sub.is_none() && is_pod_write(attributes)
    }

    fn mutate<'a, 'r: 'a>(&'a self, _api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        if let Some(pod) = review.object.as_deref_mut() {
            tolerate(pod);
        }
        Box::pin(ready(Ok(())))
    }
}

fn tolerate(pod: &mut Value) {
    let lists = ["containers", "initContainers"];
    let containers = lists.into_iter().flat_map(|list| meta::items(pod, &["spec", list]));
    let requests = containers.filter_map(|container| meta::map(container, &["resources", "requests"]));
    let names = requests.flat_map(|requests| requests.keys()).filter(|name| is_extended(name));
    let names: BTreeSet<String> = names.cloned().collect();
    if names.is_empty() {
        return;
    }
    let tolerations = meta::map_mut(pod, "spec").entry("tolerations").or_insert_with(|| json!([]));
    if tolerations.is_null() {
        *tolerations = json!([]);
    }
    let Value::Array(tolerations) = tolerations else { return };
    for name in names {
        let toleration = json!({"key": name, "operator": "Exists", "effect": "NoSchedule"});
        let same = |other: &&mut Value| {
            ["key", "operator", "value", "effect"]
                .iter()
                .all(|member| meta::text(other, &[member]) == meta::text(&toleration, &[member]))
        };
        match tolerations.iter_mut().find(same) {
            Some(known) => *known = toleration,
            None => tolerations.push(toleration),
        }
    }
}

/// Whether somebody else than Kubernetes has named the resource.
fn is_extended(name: &str) -> bool {
    let domain = name.split_once('/').map_or("", |(domain, _)| domain);
    !domain.is_empty()
        && domain != "kubernetes.io"
        && !domain.ends_with(".kubernetes.io")
        && !name.starts_with("requests.")
}
