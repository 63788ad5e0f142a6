//! Checks of a pod's spec as a whole, in the order in which a server reports them.

use serde_json::Value;

use super::{containers, volumes};
use crate::kinds::rules::{check, ip};
use crate::object::{FieldError, FieldErrors, Path, meta, names};

/// The most that a 32-bit number of seconds can be.
const MAX_SECONDS: i64 = i32::MAX as i64;

/// Checks a new pod.
pub fn create_errors(pod: &Value) -> FieldErrors {
    let path = Path::new("spec");
    let mut errors = errors(pod);
    if !meta::items(pod, &["spec", "ephemeralContainers"]).is_empty() {
        errors.push(FieldError::forbidden(&path.child("ephemeralContainers"), "cannot be set on create"));
    }
    let gated = !meta::items(pod, &["spec", "schedulingGates"]).is_empty();
    if gated && !meta::text(pod, &["spec", "nodeName"]).is_empty() {
        let detail = "cannot be set until all schedulingGates have been cleared";
        errors.push(FieldError::forbidden(&path.child("nodeName"), detail));
    }
    errors
}

/// Checks that hold for new and for updated pods.
pub fn errors(pod: &Value) -> FieldErrors {
    let path = Path::new("spec");
    let null = Value::Null;
    let spec = pod.get("spec").unwrap_or(&null);
    let mut errors = spec_errors(&path, spec);
    if meta::text(spec, &["serviceAccountName"]).is_empty() {
        errors.extend(token_errors(&path.child("volumes"), spec));
    }
    for list in ["containers", "initContainers"] {
        for (i, container) in meta::items(spec, &[list]).iter().enumerate() {
            errors.extend(containers::image_space_error(&path.child(list).index(i), container));
        }
    }
    errors
}

/// Checks a list of tolerations.
pub fn toleration_errors(path: &Path, tolerations: &[Value]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, toleration) in tolerations.iter().enumerate() {
        let path = path.index(i);
        let text = |member: &str| meta::text(toleration, &[member]);
        let (operator, value, effect) = (text("operator"), text("value"), text("effect"));
        errors.extend(check::optional_rule(&path, toleration, "key", names::qualified_name));
        if text("key").is_empty() && operator != "Exists" {
            let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            errors.push(FieldError::invalid(&path.child("operator"), operator, detail));
        }
        if check::given(toleration, "tolerationSeconds").is_some() && effect != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.push(FieldError::invalid(&path.child("effect"), effect, detail));
        }
        let at = path.child("operator");
        match operator {
            "" | "Equal" => {
                let wrong = names::label_value(value);
                if !wrong.is_empty() {
                    errors.push(FieldError::invalid(&at, value, &wrong.join(";")));
                }
            }
            "Exists" if value.is_empty() => {}
            "Exists" => {
                errors.push(FieldError::invalid(&at, value, "value must be empty when `operator` is 'Exists'"));
            }
            other => errors.push(FieldError::not_supported(&at, other, &["Equal", "Exists"])),
        }
        if !effect.is_empty() {
            let effects = &["NoSchedule", "PreferNoSchedule", "NoExecute"];
            errors.extend(check::one_of(&path.child("effect"), effect, effects));
        }
    }
    errors
}

/// Checks a spec, be it a pod's or a template's.
pub fn spec_errors(path: &Path, spec: &Value) -> FieldErrors {
    let text = |member: &str| meta::text(spec, &[member]);
    let list = |member: &str| meta::items(spec, &[member]);
    let (volumes, mut errors) = volumes::check(&path.child("volumes"), list("volumes"));
    errors.extend(containers::errors(&path.child("containers"), list("containers"), &volumes));
    errors.extend(containers::init_errors(path, spec, &volumes));
    errors.extend(containers::ephemeral_errors(path, spec, &volumes));
    let policies = &["Always", "OnFailure", "Never"];
    errors.extend(check::one_of(&path.child("restartPolicy"), text("restartPolicy"), policies));
    let policies = &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    errors.extend(check::one_of(&path.child("dnsPolicy"), text("dnsPolicy"), policies));
    errors.extend(selector_errors(&path.child("nodeSelector"), spec));
    errors.extend(containers::host_network_errors(path, spec));
    errors.extend(dns_errors(&path.child("dnsConfig"), spec));
    for (i, gate) in list("readinessGates").iter().enumerate() {
        let path = path.child("readinessGates").index(i).child("conditionType");
        errors.extend(check::rule(&path, meta::text(gate, &["conditionType"]), names::qualified_name));
    }
    errors.extend(gate_errors(&path.child("schedulingGates"), list("schedulingGates")));
    for member in ["serviceAccountName", "nodeName"] {
        errors.extend(check::optional_rule(path, spec, member, names::dns1123_subdomain));
    }
    if let Some(seconds) = spec.get("activeDeadlineSeconds").and_then(Value::as_i64)
        && !(1..=MAX_SECONDS).contains(&seconds)
    {
        let detail = format!("must be between 1 and {MAX_SECONDS}, inclusive");
        errors.push(FieldError::invalid(&path.child("activeDeadlineSeconds"), seconds, &detail));
    }
    for member in ["hostname", "subdomain"] {
        errors.extend(check::optional_rule(path, spec, member, names::dns1123_label));
    }
    errors.extend(toleration_errors(&path.child("tolerations"), list("tolerations")));
    errors.extend(alias_errors(&path.child("hostAliases"), list("hostAliases")));
    for member in ["priorityClassName", "runtimeClassName"] {
        errors.extend(check::optional_rule(path, spec, member, names::dns1123_subdomain));
    }
    if !text("preemptionPolicy").is_empty() {
        let policies = &["PreemptLowerPriority", "Never"];
        errors.extend(check::one_of(&path.child("preemptionPolicy"), text("preemptionPolicy"), policies));
    }
    if let Some(os) = check::given(spec, "os") {
        errors.extend(check::one_of(&path.child("os").child("name"), meta::text(os, &["name"]), &["linux", "windows"]));
    }
    errors
}

fn selector_errors(path: &Path, spec: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (key, value) in meta::map(spec, &["nodeSelector"]).into_iter().flatten() {
        errors.extend(check::rule(path, key, names::qualified_name));
        errors.extend(check::rule(path, value.as_str().unwrap_or_default(), names::label_value));
    }
    errors
}

fn dns_errors(path: &Path, spec: &Value) -> FieldErrors {
    let config = check::given(spec, "dnsConfig");
    let servers = meta::items(spec, &["dnsConfig", "nameservers"]);
    if meta::text(spec, &["dnsPolicy"]) == "None" {
        if config.is_none() {
            let detail = "must provide `dnsConfig` when `dnsPolicy` is None";
            return vec![FieldError::required(path, detail)];
        }
        if servers.is_empty() {
            let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            return vec![FieldError::required(&path.child("nameservers"), detail)];
        }
    }
    let mut errors = FieldErrors::new();
    if servers.len() > 3 {
        let detail = "must not have more than 3 nameservers";
        errors.push(FieldError::invalid(&path.child("nameservers"), servers.to_vec(), detail));
    }
    for (i, server) in servers.iter().filter_map(Value::as_str).enumerate() {
        errors.extend(ip::legacy(&path.child("nameservers").index(i), server));
    }
    let searches = meta::items(spec, &["dnsConfig", "searches"]);
    if searches.len() > 32 {
        let detail = "must not have more than 32 search paths";
        errors.push(FieldError::invalid(&path.child("searches"), searches.to_vec(), detail));
    }
    for (i, search) in searches.iter().filter_map(Value::as_str).enumerate().filter(|(_, search)| *search != ".") {
        let bare = search.strip_suffix('.').unwrap_or(search);
        errors.extend(check::rule(&path.child("searches").index(i), bare, names::dns1123_subdomain));
    }
    for (i, option) in meta::items(spec, &["dnsConfig", "options"]).iter().enumerate() {
        if meta::text(option, &["name"]).is_empty() {
            errors.push(FieldError::required(&path.child("options").index(i), "must not be empty"));
        }
    }
    errors
}

fn gate_errors(path: &Path, gates: &[Value]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, name) in gates.iter().map(|gate| meta::text(gate, &["name"])).enumerate() {
        errors.extend(check::rule(&path.index(i), name, names::qualified_name));
        if gates[..i].iter().any(|gate| meta::text(gate, &["name"]) == name) {
            errors.push(FieldError::duplicate(&path.index(i), name));
        }
    }
    errors
}

fn alias_errors(path: &Path, aliases: &[Value]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, alias) in aliases.iter().enumerate() {
        let path = path.index(i);
        errors.extend(ip::legacy(&path.child("ip"), meta::text(alias, &["ip"])));
        for (j, host) in meta::items(alias, &["hostnames"]).iter().filter_map(Value::as_str).enumerate() {
            errors.extend(check::rule(&path.child("hostnames").index(j), host, names::dns1123_subdomain));
        }
    }
    errors
}

/// A pod without a service account has no token to project.
fn token_errors(path: &Path, spec: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, volume) in meta::items(spec, &["volumes"]).iter().enumerate() {
        let path = path.index(i).child("projected").child("sources");
        for (j, source) in meta::items(volume, &["projected", "sources"]).iter().enumerate() {
            if check::given(source, "serviceAccountToken").is_some() {
                let path = path.index(j).child("serviceAccountToken");
                let detail = "must not be specified when serviceAccountName is not set";
                errors.push(FieldError::forbidden(&path, detail));
            }
        }
    }
    errors
}
