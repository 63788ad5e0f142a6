//! Warnings about pods and templates that are valid but not what they look like.

use std::collections::{HashMap, HashSet};

use k8s_openapi::{
    api::core::v1::{
        Container, ContainerPort, EnvVar, NodeSelectorTerm, PodAffinityTerm, PodSpec, ProjectedVolumeSource, Volume,
        WeightedPodAffinityTerm,
    },
    apimachinery::pkg::api::resource::Quantity,
};
use serde_json::Value;

use super::{
    typed::{Resources, entries, list, text},
    validate,
    validate::all_containers,
};
use crate::kinds::rules::ip;
use crate::object::{
    Path,
    meta::{self, Object},
    names,
};
use crate::text::quantity::nanos;

/// The warnings for a new pod.
pub fn of_pod(pod: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    let wrong = names::dns1123_label(meta::name(pod));
    if !wrong.is_empty() {
        warnings.push(format!(
            "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is \
             recommended: [{}]",
            wrong.join(" ")
        ));
    }
    // What does not decode has been refused.
    if let Ok(spec) = validate::spec_of(pod) {
        warnings.extend(of_spec(&Path::default(), &spec, meta::map(pod, &["metadata", "annotations"]), true));
    }
    warnings
}

/// The warnings for a pod whose status was updated.
pub fn of_status(pod: &Value) -> Vec<String> {
    let path = Path::new("status");
    let mut warnings = Vec::new();
    for list in ["podIPs", "hostIPs"] {
        for (i, address) in meta::items(pod, &["status", list]).iter().enumerate() {
            warnings.extend(ip::warnings(&path.child(list).index(i).child("ip"), meta::text(address, &["ip"])));
        }
    }
    warnings
}

/// The warnings for a template.
pub fn of_template(path: &Path, template: &Value) -> Vec<String> {
    let spec: Result<PodSpec, _> = super::typed::decode(path, template.get("spec"));
    let annotations = meta::map(template, &["metadata", "annotations"]);
    spec.map(|spec| of_spec(path, &spec, annotations, false)).unwrap_or_default()
}

/// Labels of nodes that have been renamed: old name, version, new name.
const RENAMED_LABELS: &[(&str, &str, &str)] = &[
    ("beta.kubernetes.io/arch", "v1.14", "kubernetes.io/arch"),
    ("beta.kubernetes.io/os", "v1.14", "kubernetes.io/os"),
    ("failure-domain.beta.kubernetes.io/region", "v1.17", "topology.kubernetes.io/region"),
    ("failure-domain.beta.kubernetes.io/zone", "v1.17", "topology.kubernetes.io/zone"),
    ("beta.kubernetes.io/instance-type", "v1.17", "node.kubernetes.io/instance-type"),
];

/// Annotations that do nothing any more.
const DEAD_ANNOTATIONS: &[(&str, &str)] = &[
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    ("security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
];

const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const NO_POD: &str = "a null labelSelector results in matching no pod";

fn of_spec(path: &Path, spec: &PodSpec, annotations: Option<&Object>, is_pod: bool) -> Vec<String> {
    let at = path.child("spec");
    let mut warnings = label_warnings(&at, spec);
    let annotated = |key: &str| annotations.is_some_and(|annotations| annotations.contains_key(key));
    let annotation = |key: &str, text: &str| {
        let path = path.child("metadata").child("annotations").key(key);
        format!("{path}: {text}")
    };
    let dead = DEAD_ANNOTATIONS.iter().filter(|(key, _)| annotated(key));
    warnings.extend(dead.map(|(key, text)| annotation(key, text)));
    warnings.extend(volume_warnings(&at.child("volumes"), list(&spec.volumes)));
    warnings.extend(list_warnings(&at, spec));
    warnings.extend(fractions(&at.child("overhead"), &spec.overhead));
    let context = spec.security_context.as_ref();
    let seccomp = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
    if context.is_none_or(|context| context.seccomp_profile.is_none()) && annotated(SECCOMP_POD) {
        warnings.push(annotation(SECCOMP_POD, seccomp));
    }
    let has_profile = context.is_some_and(|context| context.app_armor_profile.is_some());
    let containers = all_containers(&at, spec);
    for (path, container) in &containers {
        let context = container.security_context.as_ref();
        let key = format!("{SECCOMP_CONTAINER}{}", container.name);
        if context.is_none_or(|context| context.seccomp_profile.is_none()) && annotated(&key) {
            warnings.push(annotation(&key, seccomp));
        }
        let key = format!("{APP_ARMOR}{}", container.name);
        let has_profile = has_profile || context.is_some_and(|context| context.app_armor_profile.is_some());
        if !is_pod && !has_profile && annotated(&key) {
            let text = "deprecated since v1.30; use the \"appArmorProfile\" field instead";
            warnings.push(annotation(&key, text));
        }
        if let Some(resources) = &container.resources {
            let path = path.child("resources");
            for name in ["memory", "ephemeral-storage"] {
                warnings.extend(fraction(&path.child("limits"), &resources.limits, name));
                warnings.extend(fraction(&path.child("requests"), &resources.requests, name));
            }
        }
        warnings.extend(hidden_variables(&path.child("env"), list(&container.env)));
    }
    warnings.extend(port_warnings(&containers));
    if spec.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0) {
        let path = at.child("terminationGracePeriodSeconds");
        warnings.push(format!("{path}: must be >= 0; negative values are invalid and will be treated as 1"));
    }
    warnings.extend(affinity_warnings(&at.child("affinity"), spec));
    warnings
}

/// The name of today of a label of nodes.
pub fn renamed_label(label: &str) -> Option<&'static str> {
    RENAMED_LABELS.iter().find(|(old, ..)| *old == label).map(|(.., new)| *new)
}

/// Parts of bytes in a claim for storage or in a volume.
pub fn fraction_warnings(path: &Path, amounts: Option<&Resources>) -> Vec<String> {
    fraction(path, &amounts.cloned(), "storage").into_iter().collect()
}

/// Says of a label of nodes that it goes by another name now.
pub fn renamed(label: &str) -> Option<String> {
    let (_, version, new) = RENAMED_LABELS.iter().find(|(old, ..)| *old == label)?;
    Some(format!("deprecated since {version}; use \"{new}\" instead"))
}

/// Labels of nodes that go by another name now, and spreading over no pods.
fn label_warnings(path: &Path, spec: &PodSpec) -> Vec<String> {
    let mut warnings = Vec::new();
    let selected = path.child("nodeSelector");
    for (label, _) in entries(&spec.node_selector) {
        warnings.extend(renamed(label).map(|text| format!("{}: {text}", selected.key(label))));
    }
    if let Some(affinity) = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref()) {
        let path = path.child("affinity").child("nodeAffinity");
        let required = affinity.required_during_scheduling_ignored_during_execution.as_ref();
        let at = path.child("requiredDuringSchedulingIgnoredDuringExecution").child("nodeSelectorTerms");
        for (i, term) in required.iter().flat_map(|required| &required.node_selector_terms).enumerate() {
            warnings.extend(term_warnings(&at.index(i), term));
        }
        let preferred = list(&affinity.preferred_during_scheduling_ignored_during_execution);
        let at = path.child("preferredDuringSchedulingIgnoredDuringExecution");
        for (i, term) in preferred.iter().enumerate() {
            warnings.extend(term_warnings(&at.index(i).child("preference"), &term.preference));
        }
    }
    for (i, constraint) in list(&spec.topology_spread_constraints).iter().enumerate() {
        let path = path.child("topologySpreadConstraints").index(i);
        let key = constraint.topology_key.as_str();
        warnings.extend(renamed(key).map(|text| format!("{}: {key} is {text}", path.child("topologyKey"))));
        if constraint.label_selector.is_none() {
            warnings.push(format!("{}: {NO_POD}", path.child("labelSelector")));
        }
    }
    warnings
}

/// Says which labels of a term go by another name now.
pub fn term_warnings(path: &Path, term: &NodeSelectorTerm) -> Vec<String> {
    let expressions = list(&term.match_expressions).iter().enumerate();
    let path = path.child("matchExpressions");
    expressions
        .filter_map(|(i, expression)| {
            let key = expression.key.as_str();
            renamed(key).map(|text| format!("{}: {key} is {text}", path.index(i).child("key")))
        })
        .collect()
}

fn volume_warnings(path: &Path, volumes: &[Volume]) -> Vec<String> {
    let mut warnings = Vec::new();
    for (i, volume) in volumes.iter().enumerate() {
        let path = path.index(i);
        let old = [
            ("photonPersistentDisk", volume.photon_persistent_disk.is_some(), "v1.11, non-functional in v1.16+"),
            ("gitRepo", volume.git_repo.is_some(), "v1.11, and disabled by default in v1.33+"),
            ("scaleIO", volume.scale_io.is_some(), "v1.16, non-functional in v1.22+"),
            ("flocker", volume.flocker.is_some(), "v1.22, non-functional in v1.25+"),
            ("storageOS", volume.storageos.is_some(), "v1.22, non-functional in v1.25+"),
            ("quobyte", volume.quobyte.is_some(), "v1.22, non-functional in v1.25+"),
            ("glusterfs", volume.glusterfs.is_some(), "v1.25, non-functional in v1.26+"),
            ("cephfs", volume.cephfs.is_some(), "v1.28, non-functional in v1.31+"),
            ("rbd", volume.rbd.is_some(), "v1.28, non-functional in v1.31+"),
        ];
        let old = old.into_iter().filter(|(_, given, _)| *given);
        warnings.extend(old.map(|(kind, _, since)| format!("{}: deprecated in {since}", path.child(kind))));
    }
    let projected = |volume: &Volume| volume.projected.clone().unwrap_or_default();
    let tokens: HashSet<String> = volumes
        .iter()
        .flat_map(|volume| projected(volume).sources.unwrap_or_default())
        .filter_map(|source| source.service_account_token.map(|token| token.path))
        .collect();
    for (i, volume) in volumes.iter().enumerate().filter(|_| !tokens.is_empty()) {
        let path = path.index(i).child("projected").child("sources");
        warnings.extend(volume.projected.iter().flat_map(|volume| hidden_tokens(&path, volume, &tokens)));
    }
    warnings
}

/// Files that take the place of a token.
fn hidden_tokens(path: &Path, volume: &ProjectedVolumeSource, tokens: &HashSet<String>) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |path: Path, file: &str| {
        if tokens.contains(file) {
            warnings.push(format!("{path}: has duplicated path with ServiceAccountToken {file:?}"));
        }
    };
    for source in list(&volume.sources) {
        for (j, item) in source.config_map.iter().flat_map(|map| list(&map.items)).enumerate() {
            warn(path.child("configMap").index(j), &item.path);
        }
        for (j, item) in source.secret.iter().flat_map(|secret| list(&secret.items)).enumerate() {
            warn(path.child("secrets").index(j), &item.path);
        }
        for (j, item) in source.downward_api.iter().flat_map(|downward| list(&downward.items)).enumerate() {
            warn(path.child("downwardAPI").index(j), &item.path);
        }
    }
    warnings
}

fn list_warnings(path: &Path, spec: &PodSpec) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut seen = HashSet::new();
    for (i, alias) in list(&spec.host_aliases).iter().enumerate().filter(|(_, alias)| !seen.insert(&alias.ip)) {
        warnings.push(format!("{}: duplicate ip {:?}", path.child("hostAliases").index(i).child("ip"), alias.ip));
    }
    let secrets = list(&spec.image_pull_secrets);
    let name = |i: usize| path.child("imagePullSecrets").index(i).child("name");
    let mut seen = HashSet::new();
    for (i, secret) in secrets.iter().enumerate().filter(|(_, secret)| !seen.insert(&secret.name)) {
        warnings.push(format!("{}: duplicate name {:?}", name(i), secret.name));
    }
    for (i, _) in secrets.iter().enumerate().filter(|(_, secret)| secret.name.is_empty()) {
        warnings.push(format!("{}: invalid empty name \"\"", name(i)));
    }
    warnings
}

fn fractions(path: &Path, resources: &Option<Resources>) -> Vec<String> {
    ["memory", "ephemeral-storage"].iter().filter_map(|name| fraction(path, resources, name)).collect()
}

/// There are no parts of bytes.
fn fraction(path: &Path, resources: &Option<Resources>, name: &str) -> Option<String> {
    let Quantity(amount) = resources.as_ref()?.get(name)?;
    let is_whole = nanos(amount)? % 1_000_000_000 == 0;
    (!is_whole).then(|| format!("{}: fractional byte value {amount:?} is invalid, must be an integer", path.key(name)))
}

/// A variable that replaces an earlier one without making use of its value.
fn hidden_variables(path: &Path, env: &[EnvVar]) -> Vec<String> {
    let mut seen = HashSet::new();
    let hides = |variable: &EnvVar| {
        let reference = format!("$({})", variable.name);
        let value = text(&variable.value);
        variable.value_from.is_some() || value == reference || !value.contains(&reference)
    };
    let again = env.iter().enumerate().filter(|(_, variable)| !seen.insert(variable.name.as_str()));
    again
        .filter(|(_, variable)| hides(variable))
        .map(|(i, variable)| {
            let path = path.index(i);
            format!("{path}: hides previous definition of {:?}, which may be dropped when using apply", variable.name)
        })
        .collect()
}

/// How many pairs of ports are compared: each port of a number could go with all before it.
const PAIRS_MAX: usize = 10_000;

/// Ports that say the same as an earlier one, or nearly so, and ports with an address of the host that they do not use.
fn port_warnings(containers: &[(Path, Container)]) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut known: HashMap<(i32, &str), Vec<(Path, &ContainerPort)>> = HashMap::new();
    let mut left = PAIRS_MAX;
    for (path, container) in containers {
        for (i, port) in list(&container.ports).iter().enumerate() {
            let path = path.child("ports").index(i);
            let (host, ip) = (port.host_port.unwrap_or_default(), text(&port.host_ip));
            if !ip.is_empty() && host == 0 {
                warnings.push(format!("{path}: hostIP set without hostPort: {}", printed(port)));
            }
            let others = known.entry((port.container_port, text(&port.protocol))).or_default();
            for (other_path, other) in others.iter().take(left) {
                left -= 1;
                if let Some(how) = overlap(port, other) {
                    warnings.push(format!("{path}: {how} port definition with {other_path}"));
                }
            }
            others.push((path, port));
        }
    }
    warnings.extend(name_warnings(containers));
    warnings
}

/// Ports of one name: who looks for it finds the first.
fn name_warnings(containers: &[(Path, Container)]) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut known: HashMap<&str, Path> = HashMap::new();
    for (path, container) in containers {
        let path = path.child("ports");
        for (i, port) in list(&container.ports).iter().enumerate().filter(|(_, port)| port.name.is_some()) {
            let (path, name) = (path.index(i).child("name"), text(&port.name));
            match known.get(name) {
                Some(first) => warnings.push(format!(
                    "{path}: duplicate port name {name:?} with {first}, services and probes that select ports by name \
                     will use {first}"
                )),
                None => {
                    known.insert(name, path);
                }
            }
        }
    }
    warnings
}

/// A port as Go's `%+v` prints it.
fn printed(port: &ContainerPort) -> String {
    format!(
        "{{Name:{} HostPort:{} ContainerPort:{} Protocol:{} HostIP:{}}}",
        text(&port.name),
        port.host_port.unwrap_or_default(),
        port.container_port,
        text(&port.protocol),
        text(&port.host_ip)
    )
}

fn overlap(port: &ContainerPort, other: &ContainerPort) -> Option<&'static str> {
    let (host, other_host) = (port.host_port.unwrap_or_default(), other.host_port.unwrap_or_default());
    let (ip, other_ip) = (text(&port.host_ip), text(&other.host_ip));
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

/// Terms about neighbours that are about nobody.
fn affinity_warnings(path: &Path, spec: &PodSpec) -> Vec<String> {
    let Some(affinity) = &spec.affinity else { return Vec::new() };
    let mut warnings = Vec::new();
    let mut warn = |path: Path, term: &PodAffinityTerm| {
        if term.label_selector.is_none() {
            warnings.push(format!("{}: {NO_POD}", path.child("labelSelector")));
        }
    };
    let mut all =
        |path: Path, required: &Option<Vec<PodAffinityTerm>>, preferred: &Option<Vec<WeightedPodAffinityTerm>>| {
            let at = path.child("requiredDuringSchedulingIgnoredDuringExecution");
            list(required).iter().enumerate().for_each(|(i, term)| warn(at.index(i), term));
            let at = path.child("preferredDuringSchedulingIgnoredDuringExecution");
            let preferred = list(preferred).iter().enumerate();
            preferred.for_each(|(i, term)| warn(at.index(i).child("podAffinityTerm"), &term.pod_affinity_term));
        };
    if let Some(near) = &affinity.pod_affinity {
        let (required, preferred) = (
            &near.required_during_scheduling_ignored_during_execution,
            &near.preferred_during_scheduling_ignored_during_execution,
        );
        all(path.child("podAffinity"), required, preferred);
    }
    if let Some(far) = &affinity.pod_anti_affinity {
        let (required, preferred) = (
            &far.required_during_scheduling_ignored_during_execution,
            &far.preferred_during_scheduling_ignored_during_execution,
        );
        all(path.child("podAntiAffinity"), required, preferred);
    }
    warnings
}
