//! `DefaultTolerationSeconds`: how long a pod stays on a node that is not ready or cannot be reached.

use std::future::ready;

use serde_json::{Value, json};

use super::is_pod_write;
use crate::{
    object::meta,
    verbs::{
        Api,
        admission::{Admission, Attributes, Review, Verdict},
    },
};

const SECONDS: i64 = 300;

/// The plugin.
pub struct DefaultTolerationSeconds;

impl Admission for DefaultTolerationSeconds {
    fn name(&self) -> &'static str {
        "DefaultTolerationSeconds"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.sub.is_none() && is_pod_write(attributes)
    }

    fn mutate<'a, 'r: 'a>(&'a self, _api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        if let Some(pod) = review.object.as_deref_mut() {
            for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
                tolerate(pod, key);
            }
        }
        Box::pin(ready(Ok(())))
    }
}

fn tolerate(pod: &mut Value, key: &str) {
    let spec = meta::map_mut(pod, "spec");
    let list = spec.entry("tolerations").or_insert_with(|| Value::Array(Vec::new()));
    let Value::Array(tolerations) = list else { return };
    let covers = |toleration: &Value| {
        let text = |member: &str| meta::text(toleration, &[member]);
        (text("key").is_empty() || text("key") == key) && ["", "NoExecute"].contains(&text("effect"))
    };
    if !tolerations.iter().any(covers) {
        tolerations.push(json!({
            "key": key,
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": SECONDS,
        }));
    }
}
