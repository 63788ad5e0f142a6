//! `RuntimeClass`: a pod gets the overhead, the node selector and the tolerations of its runtime class.

use std::future::ready;

use serde_json::Value;

use super::{is_create, namespace_lifecycle::shown_name, tolerations};
use crate::{
    kinds::{pod, runtime_class},
    object::{
        Status,
        meta::{self, Object},
        status::Result,
    },
    text::quantity::nanos,
    verbs::{
        Api,
        admission::{Admission, Attributes, Review, Verdict},
    },
};

const DIFFERS: &str = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
const NOT_DEFINED: &str = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead";

/// The plugin.
pub struct RuntimeClass;

impl Admission for RuntimeClass {
    fn name(&self) -> &'static str {
        "RuntimeClass"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        creates_pod(attributes)
    }

    fn mutate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(ready(mutate(api, review)))
    }

    fn validates(&self, attributes: &Attributes<'_>) -> bool {
        creates_pod(attributes)
    }

    fn validate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(ready(check_overhead(api, review)))
    }
}

fn creates_pod(attributes: &Attributes<'_>) -> bool {
    attributes.sub.is_none() && is_create(attributes) && attributes.target.def.gvk == pod::DEF.gvk
}

fn mutate(api: &Api, review: &mut Review<'_>) -> Result<()> {
    let Some(class) = class_of(api, review)? else { return Ok(()) };
    let Some(pod) = review.object.as_deref_mut() else { return Ok(()) };
    if let Err(why) = set_overhead(pod, &class).and_then(|()| set_scheduling(pod, &class)) {
        return Err(forbidden(pod, &why));
    }
    Ok(())
}

fn check_overhead(api: &Api, review: &mut Review<'_>) -> Result<()> {
    let class = class_of(api, review)?;
    let Some(pod) = review.object.as_deref() else { return Ok(()) };
    let own = meta::map(pod, &["spec", "overhead"]);
    let why = match class.as_ref().and_then(overhead) {
        Some(wanted) if !same_amounts(&wanted, own) => DIFFERS,
        None if own.is_some() => NOT_DEFINED,
        _ => return Ok(()),
    };
    Err(forbidden(pod, why))
}

/// The class that the pod names.
fn class_of(api: &Api, review: &mut Review<'_>) -> Result<Option<Value>> {
    let name = |pod: &Value| meta::at(pod, &["spec", "runtimeClassName"])?.as_str().map(str::to_owned);
    let Some(name) = review.object.as_deref().and_then(name) else { return Ok(None) };
    match review.rely_on(api, &runtime_class::DEF, "", &name) {
        Some(class) => Ok(Some(class)),
        None => {
            let pod = review.object.as_deref().unwrap_or(&Value::Null);
            Err(forbidden(pod, &format!("pod rejected: RuntimeClass \"{name}\" not found")))
        }
    }
}

/// What a class says that its pods cost beside their containers; `None` if it says nothing of it.
fn overhead(class: &Value) -> Option<Object> {
    meta::map(class, &["overhead"])?;
    Some(meta::map(class, &["overhead", "podFixed"]).cloned().unwrap_or_default())
}

fn set_overhead(pod: &mut Value, class: &Value) -> std::result::Result<(), String> {
    let Some(wanted) = overhead(class) else { return Ok(()) };
    let own = meta::map(pod, &["spec", "overhead"]);
    if own.is_some_and(|own| !own.is_empty()) && !same_amounts(&wanted, own) {
        return Err(DIFFERS.to_owned());
    }
    let wanted = if wanted.is_empty() { Value::Null } else { wanted.into() };
    meta::set(meta::map_mut(pod, "spec"), "overhead", wanted);
    Ok(())
}

fn set_scheduling(pod: &mut Value, class: &Value) -> std::result::Result<(), String> {
    let Some(scheduling) = class.get("scheduling").filter(|scheduling| scheduling.is_object()) else { return Ok(()) };
    let spec = meta::map_mut(pod, "spec");
    if let Some(wanted) = meta::map(scheduling, &["nodeSelector"]).filter(|wanted| !wanted.is_empty()) {
        let selector = spec.entry("nodeSelector").or_insert(Value::Null);
        let selector = meta::members_mut(selector);
        for (key, value) in wanted {
            if let Some(own) = selector.get(key).filter(|own| *own != value) {
                let [value, own] = [value, own].map(|text| text.as_str().unwrap_or_default());
                return Err(format!(
                    "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = {own}"
                ));
            }
            selector.insert(key.clone(), value.clone());
        }
    }
    let own = spec.get("tolerations").and_then(Value::as_array).cloned().unwrap_or_default();
    let merged = tolerations::merge(own, meta::items(scheduling, &["tolerations"]));
    let merged = if merged.is_empty() { Value::Null } else { merged.into() };
    meta::set(spec, "tolerations", merged);
    Ok(())
}

fn same_amounts(wanted: &Object, own: Option<&Object>) -> bool {
    let amount = |value: &Value| value.as_str().and_then(nanos);
    let own_len = own.map_or(0, Object::len);
    own_len == wanted.len()
        && wanted
            .iter()
            .all(|(name, value)| own.and_then(|own| own.get(name)).is_some_and(|own| amount(own) == amount(value)))
}

fn forbidden(pod: &Value, why: &str) -> Box<Status> {
    Status::forbidden("", &pod::DEF.plural, shown_name(pod), why)
}
