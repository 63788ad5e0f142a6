//! Warnings about pods that are valid but not what they look like.

use serde_json::Value;

use crate::kinds::rules::check;
use crate::object::{Path, meta};

/// Labels of nodes that have been renamed: old name, version, new name.
const RENAMED_LABELS: &[(&str, &str, &str)] = &[
    ("beta.kubernetes.io/arch", "v1.14", "kubernetes.io/arch"),
    ("beta.kubernetes.io/os", "v1.14", "kubernetes.io/os"),
    ("failure-domain.beta.kubernetes.io/region", "v1.17", "topology.kubernetes.io/region"),
    ("failure-domain.beta.kubernetes.io/zone", "v1.17", "topology.kubernetes.io/zone"),
    ("beta.kubernetes.io/instance-type", "v1.17", "node.kubernetes.io/instance-type"),
];

/// The warnings for a pod as written.
pub fn warnings(pod: &Value) -> Vec<String> {
    let path = Path::new("spec");
    let null = Value::Null;
    let spec = pod.get("spec").unwrap_or(&null);
    let mut warnings = Vec::new();
    for (old, version, new) in RENAMED_LABELS {
        if meta::at(spec, &["nodeSelector", old]).is_some() {
            let path = path.child("nodeSelector").key(old);
            warnings.push(format!("{path}: deprecated since {version}; use \"{new}\" instead"));
        }
    }
    for (i, secret) in meta::items(spec, &["imagePullSecrets"]).iter().enumerate() {
        if meta::text(secret, &["name"]).is_empty() {
            warnings.push(format!("{}: invalid empty name \"\"", path.child("imagePullSecrets").index(i)));
        }
    }
    for list in ["initContainers", "containers"] {
        for (i, container) in meta::items(spec, &[list]).iter().enumerate() {
            warnings.extend(hidden_variables(&path.child(list).index(i).child("env"), container));
        }
    }
    warnings.extend(overlapping_ports(&path, spec));
    if check::integer(spec, "terminationGracePeriodSeconds") < 0 {
        let path = path.child("terminationGracePeriodSeconds");
        warnings.push(format!("{path}: must be >= 0; negative values are invalid and will be treated as 1"));
    }
    warnings
}

fn hidden_variables(path: &Path, container: &Value) -> Vec<String> {
    let env = meta::items(container, &["env"]);
    let name = |variable: &Value| meta::text(variable, &["name"]).to_owned();
    let hides = |i: &usize| env[..*i].iter().any(|earlier| name(earlier) == name(&env[*i]));
    (0..env.len())
        .filter(hides)
        .map(|i| {
            let (path, name) = (path.index(i), name(&env[i]));
            format!("{path}: hides previous definition of \"{name}\", which may be dropped when using apply")
        })
        .collect()
}

/// Ports that say the same as an earlier one, or nearly so.
fn overlapping_ports(path: &Path, spec: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut seen: Vec<(Path, &Value)> = Vec::new();
    for list in ["initContainers", "containers"] {
        for (i, container) in meta::items(spec, &[list]).iter().enumerate() {
            for (j, port) in meta::items(container, &["ports"]).iter().enumerate() {
                let path = path.child(list).index(i).child("ports").index(j);
                let same = |other: &Value| {
                    other["containerPort"] == port["containerPort"] && other["protocol"] == port["protocol"]
                };
                for (other_path, other) in seen.iter().filter(|(_, other)| same(other)) {
                    if let Some(how) = overlap(port, other) {
                        warnings.push(format!("{path}: {how} port definition with {other_path}"));
                    }
                }
                seen.push((path, port));
            }
        }
    }
    warnings
}

fn overlap(port: &Value, other: &Value) -> Option<&'static str> {
    let (host, other_host) = (check::integer(port, "hostPort"), check::integer(other, "hostPort"));
    let (ip, other_ip) = (meta::text(port, &["hostIP"]), meta::text(other, &["hostIP"]));
    if host == other_host && ip == other_ip {
        Some("duplicate")
    } else if host == 0 || other_host == 0 {
        Some("overlapping")
    } else if host == other_host && ip.is_empty() != other_ip.is_empty() {
        Some("dangerously ambiguous")
    } else {
        None
    }
}
