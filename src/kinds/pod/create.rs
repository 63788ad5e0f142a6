//! What a server does to a new pod before it checks it.

use serde_json::{Value, json};

use crate::kinds::rules::fill::{each, inside};
use crate::object::meta::{self, Object};

const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Drops what is not offered, and writes into the spec what the pod's labels and annotations say.
pub fn prepare(pod: &mut Value) {
    let of = |member: &str| meta::map(pod, &["metadata", member]).cloned().unwrap_or_default();
    let (labels, annotations) = (of("labels"), of("annotations"));
    let spec = meta::map_mut(pod, "spec");
    drop_disabled(spec);
    inside(spec, "affinity", |affinity| {
        for kind in ["podAffinity", "podAntiAffinity"] {
            inside(affinity, kind, |kind| {
                each(kind, "preferredDuringSchedulingIgnoredDuringExecution", |term| {
                    inside(term, "podAffinityTerm", |term| compare_labels(term, &labels));
                });
                each(kind, "requiredDuringSchedulingIgnoredDuringExecution", |term| compare_labels(term, &labels));
            });
        }
    });
    each(spec, "topologySpreadConstraints", |constraint| compare_labels(constraint, &labels));
    if spec.get("os").is_none_or(|os| meta::text(os, &["name"]) != "windows") {
        take_profiles(spec, &annotations);
    }
}

/// Drops members that a server offers only if it is asked to when it starts.
pub fn drop_disabled(spec: &mut Object) {
    spec.shift_remove("schedulingGroup");
    each(spec, "volumes", |volume| {
        inside(volume, "projected", |projected| {
            each(projected, "sources", |source| {
                source.shift_remove("clusterTrustBundle");
                source.shift_remove("podCertificate");
            });
        });
        inside(volume, "ephemeral", |ephemeral| {
            inside(ephemeral, "volumeClaimTemplate", |template| {
                inside(template, "spec", |spec| {
                    inside(spec, "resources", |resources| {
                        resources.shift_remove("claims");
                    });
                });
            });
        });
    });
}

/// Turns keys of labels into conditions on the values that the pod has there.
fn compare_labels(term: &mut Object, labels: &Object) {
    let keys = |member: &str| -> Vec<Value> { term.get(member).and_then(Value::as_array).cloned().unwrap_or_default() };
    let condition = |key: &Value, operator: &str| {
        let value = labels.get(key.as_str()?)?;
        Some(json!({"key": key, "operator": operator, "values": [value]}))
    };
    let mut added: Vec<_> = keys("matchLabelKeys").iter().filter_map(|key| condition(key, "In")).collect();
    added.extend(keys("mismatchLabelKeys").iter().filter_map(|key| condition(key, "NotIn")));
    if added.is_empty() {
        return;
    }
    inside(term, "labelSelector", |selector| {
        let list = selector.entry("matchExpressions").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.extend(added);
        }
    });
}

/// AppArmor profiles used to be annotations; those of containers without one of their own become fields.
fn take_profiles(spec: &mut Object, annotations: &Object) {
    let of_pod = spec.get("securityContext").and_then(|context| context.get("appArmorProfile")).cloned();
    for list in ["initContainers", "containers"] {
        each(spec, list, |container| {
            let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
            let annotation = annotations.get(&format!("{APP_ARMOR}{name}")).and_then(Value::as_str);
            let Some(profile) = annotation.and_then(profile) else { return };
            let own = container.get("securityContext").and_then(|context| context.get("appArmorProfile"));
            if own.is_none() && Some(&profile) != of_pod.as_ref() {
                let context = container.entry("securityContext").or_insert_with(|| json!({}));
                if let Value::Object(context) = context {
                    context.insert("appArmorProfile".to_owned(), profile);
                }
            }
        });
    }
}

fn profile(annotation: &str) -> Option<Value> {
    match annotation {
        "unconfined" => Some(json!({"type": "Unconfined"})),
        "runtime/default" => Some(json!({"type": "RuntimeDefault"})),
        other => {
            let name = other.strip_prefix("localhost/").filter(|name| !name.is_empty() && name.trim() == *name)?;
            Some(json!({"type": "Localhost", "localhostProfile": name}))
        }
    }
}
