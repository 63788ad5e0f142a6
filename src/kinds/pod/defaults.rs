//! What the API fills in when a pod is decoded.

use k8s_openapi::api::core::v1::PodSpec;
use serde::Deserialize;
use serde_json::{Value, json};

use super::amounts::{self, is_for_pods};
use crate::kinds::rules::{
    fill::{absent, each, inside, null},
    resources::{can_be_overcommitted, is_huge_pages},
};
use crate::object::meta::{self, Object};

/// Fills in what a decoder fills in.
pub fn default(pod: &mut Value) {
    let Some(members) = pod.as_object_mut() else { return };
    inside(members, "spec", |members| {
        spec(members);
        only_pods(members);
    });
    inside(members, "status", agree_on_ips);
}

/// Fills in a spec, be it a pod's or a template's.
pub fn spec(spec: &mut Object) {
    absent(spec, "restartPolicy", "Always");
    absent(spec, "dnsPolicy", "ClusterFirst");
    absent(spec, "schedulerName", "default-scheduler");
    null(spec, "terminationGracePeriodSeconds", 30);
    null(spec, "securityContext", json!({}));
    agree_on_account(spec);
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        each(spec, list, container);
    }
    each(spec, "volumes", volume);
}

/// Fills in what templates leave open until a pod is made from them.
fn only_pods(spec: &mut Object) {
    for list in ["initContainers", "containers"] {
        // A limit without a request is the request, too.
        each(spec, list, |container| inside(container, "resources", requests_from_limits));
    }
    share_resources(spec);
    null(spec, "enableServiceLinks", true);
    if spec.get("hostNetwork").and_then(Value::as_bool).unwrap_or_default() {
        for list in ["initContainers", "containers"] {
            each(spec, list, |container| each(container, "ports", host_port));
        }
    }
}

/// A pod whose containers share resources asks for at least what they ask for, and for all that it may use where they ask for nothing.
fn share_resources(spec: &mut Object) {
    let Some(resources) = spec.get("resources").filter(|resources| resources.is_object()) else { return };
    let given = |kind: &str| meta::map(resources, &[kind]).cloned().unwrap_or_default();
    let (mut limits, mut requests) = (given("limits"), given("requests"));
    if limits.is_empty() && requests.is_empty() {
        return;
    }
    // What does not decode is refused by the checks that follow.
    let Ok(typed) = PodSpec::deserialize(&*spec) else { return };
    for (name, amount) in amounts::limits(&typed).into_iter().filter(|(name, _)| is_huge_pages(name)) {
        if !requests.contains_key(name) && !limits.contains_key(name) {
            limits.insert(name.to_owned(), amount.to_string().into());
        }
    }
    if !limits.is_empty() {
        for (name, amount) in amounts::requests(&typed) {
            if is_for_pods(name) && can_be_overcommitted(name) && !requests.contains_key(name) {
                requests.insert(name.to_owned(), amount.to_string().into());
            }
        }
        for (name, limit) in limits.iter().filter(|(name, _)| is_for_pods(name)) {
            requests.entry(name.as_str()).or_insert_with(|| limit.clone());
        }
    }
    inside(spec, "resources", |resources| {
        for (kind, amounts) in [("limits", limits), ("requests", requests)] {
            if !amounts.is_empty() {
                resources.insert(kind.to_owned(), Value::Object(amounts));
            }
        }
    });
}

/// `serviceAccount` is the old name of `serviceAccountName`.
fn agree_on_account(spec: &mut Object) {
    let name = ["serviceAccountName", "serviceAccount"]
        .iter()
        .filter_map(|member| spec.get(*member).and_then(Value::as_str))
        .find(|name| !name.is_empty())
        .map(str::to_owned);
    if let Some(name) = name {
        spec.insert("serviceAccountName".to_owned(), name.clone().into());
        spec.insert("serviceAccount".to_owned(), name.into());
    }
}

fn container(container: &mut Object) {
    let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
    let policy = pull_policy(image);
    absent(container, "imagePullPolicy", policy);
    absent(container, "terminationMessagePath", "/dev/termination-log");
    absent(container, "terminationMessagePolicy", "File");
    each(container, "ports", |port| absent(port, "protocol", "TCP"));
    each(container, "env", |variable| {
        inside(variable, "valueFrom", |from| {
            inside(from, "fieldRef", |field| absent(field, "apiVersion", "v1"));
            inside(from, "resourceFieldRef", |resource| absent(resource, "divisor", "0"));
        });
    });
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        inside(container, name, probe);
    }
    inside(container, "lifecycle", |lifecycle| {
        for name in ["postStart", "preStop"] {
            inside(lifecycle, name, |handler| inside(handler, "httpGet", http_get));
        }
    });
}

fn probe(probe: &mut Object) {
    for (member, value) in
        [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
    {
        if probe.get(member).and_then(Value::as_i64).unwrap_or_default() == 0 {
            probe.insert(member.to_owned(), value.into());
        }
    }
    inside(probe, "httpGet", http_get);
    inside(probe, "grpc", |grpc| null(grpc, "service", ""));
}

fn http_get(action: &mut Object) {
    absent(action, "path", "/");
    absent(action, "scheme", "HTTP");
}

/// `Always` for an image whose tag is, or would be, `latest`.
fn pull_policy(image: &str) -> &'static str {
    let (name, digest) = image.split_once('@').map_or((image, false), |(name, _)| (name, true));
    let last = name.rsplit('/').next().unwrap_or_default();
    let (repository, tag) = last.split_once(':').map_or((last, None), |(repository, tag)| (repository, Some(tag)));
    let valid = !repository.is_empty() && !repository.bytes().any(|b| b.is_ascii_uppercase() || b == b' ');
    match tag {
        Some("latest") if valid => "Always",
        None if valid && !digest => "Always",
        _ => "IfNotPresent",
    }
}

fn requests_from_limits(resources: &mut Object) {
    let Some(Value::Object(limits)) = resources.get("limits").cloned() else { return };
    if limits.is_empty() {
        return;
    }
    let requests = resources.entry("requests").or_insert_with(|| json!({}));
    let Value::Object(requests) = requests else { return };
    for (name, limit) in limits {
        requests.entry(name).or_insert(limit);
    }
}

/// On the host's network every port is the host's.
fn host_port(port: &mut Object) {
    let number = port.get("containerPort").cloned().unwrap_or_else(|| 0.into());
    if port.get("hostPort").and_then(Value::as_i64).unwrap_or_default() == 0 {
        port.insert("hostPort".to_owned(), number);
    }
}

fn volume(volume: &mut Object) {
    if !volume.iter().any(|(member, source)| member != "name" && !source.is_null()) {
        volume.insert("emptyDir".to_owned(), json!({}));
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        inside(volume, source, |source| null(source, "defaultMode", 0o644));
    }
    inside(volume, "downwardAPI", downward_items);
    inside(volume, "projected", |projected| {
        each(projected, "sources", |source| {
            inside(source, "serviceAccountToken", |token| null(token, "expirationSeconds", 3600));
            inside(source, "downwardAPI", downward_items);
        });
    });
    inside(volume, "hostPath", |path| null(path, "type", ""));
    inside(volume, "iscsi", |iscsi| absent(iscsi, "iscsiInterface", "default"));
    inside(volume, "rbd", |rbd| {
        absent(rbd, "pool", "rbd");
        absent(rbd, "user", "admin");
        absent(rbd, "keyring", "/etc/ceph/keyring");
    });
    inside(volume, "azureDisk", |disk| {
        null(disk, "cachingMode", "ReadWrite");
        null(disk, "kind", "Shared");
        null(disk, "fsType", "ext4");
        null(disk, "readOnly", false);
    });
    inside(volume, "scaleIO", |scale| {
        absent(scale, "storageMode", "ThinProvisioned");
        absent(scale, "fsType", "xfs");
    });
    inside(volume, "image", |image| {
        let reference = image.get("reference").and_then(Value::as_str).unwrap_or_default();
        let policy = pull_policy(reference);
        absent(image, "pullPolicy", policy);
    });
    inside(volume, "ephemeral", |ephemeral| {
        inside(ephemeral, "volumeClaimTemplate", |template| {
            inside(template, "spec", |spec| null(spec, "volumeMode", "Filesystem"));
        });
    });
}

fn downward_items(source: &mut Object) {
    each(source, "items", |item| {
        inside(item, "fieldRef", |field| absent(field, "apiVersion", "v1"));
        inside(item, "resourceFieldRef", |resource| absent(resource, "divisor", "0"));
    });
}

/// `podIP` is the first of `podIPs`; where both are given and differ, the old field wins.
fn agree_on_ips(status: &mut Object) {
    let first = status.get("podIPs").and_then(|list| list.get(0)).map(|ip| meta::text(ip, &["ip"]).to_owned());
    let single = status.get("podIP").and_then(Value::as_str).filter(|ip| !ip.is_empty()).map(str::to_owned);
    match (single, first) {
        (Some(single), first) if first.as_deref() != Some(&single) => {
            status.insert("podIPs".to_owned(), json!([{"ip": single}]));
        }
        (None, Some(first)) if !first.is_empty() => {
            status.insert("podIP".to_owned(), first.into());
        }
        _ => {}
    }
}
