//! Checks of containers, in the order in which a server reports them.

use serde_json::Value;

use super::{handlers, resources, volumes::descending_errors};
use crate::kinds::{core::endpoints::PROTOCOLS, rules::check};
use crate::object::{FieldError, FieldErrors, Path, meta, names};

/// Checks the regular containers.
pub fn errors(path: &Path, containers: &[Value], volumes: &[&str]) -> FieldErrors {
    if containers.is_empty() {
        return vec![FieldError::required(path, "")];
    }
    let mut errors = FieldErrors::new();
    for (i, container) in containers.iter().enumerate() {
        let path = path.index(i);
        errors.extend(common_errors(&path, container, volumes));
        errors.extend(name_taken(&path, container, &containers[..i]));
        errors.extend(handlers::errors(&path, container));
    }
    errors.extend(host_port_conflicts(path, containers));
    errors
}

/// Checks the init containers, whose names regular containers may not have.
pub fn init_errors(spec_path: &Path, spec: &Value, volumes: &[&str]) -> FieldErrors {
    let (regular, init) = (meta::items(spec, &["containers"]), meta::items(spec, &["initContainers"]));
    let list = spec_path.child("initContainers");
    let mut errors = FieldErrors::new();
    for (i, container) in init.iter().enumerate() {
        let path = list.index(i);
        errors.extend(common_errors(&path, container, volumes));
        errors.extend(name_taken(&path, container, regular).or_else(|| name_taken(&path, container, &init[..i])));
        // Init containers run one after the other, so each has the host's ports to itself.
        errors.extend(host_port_conflicts(&list, std::slice::from_ref(container)));
        if container["restartPolicy"] == "Always" {
            errors.extend(handlers::errors(&path, container));
        } else {
            let detail = "may not be set for init containers without restartPolicy=Always";
            let members = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"].into_iter();
            let given = members.filter(|member| check::given(container, member).is_some());
            errors.extend(given.map(|member| FieldError::forbidden(&path.child(member), detail)));
        }
    }
    errors
}

/// Checks the ephemeral containers, whose names no other container may have.
pub fn ephemeral_errors(spec_path: &Path, spec: &Value, volumes: &[&str]) -> FieldErrors {
    let list = spec_path.child("ephemeralContainers");
    let containers = meta::items(spec, &["ephemeralContainers"]);
    let others = [meta::items(spec, &["containers"]), meta::items(spec, &["initContainers"])].concat();
    let mut errors = FieldErrors::new();
    for (i, container) in containers.iter().enumerate() {
        let path = list.index(i);
        errors.extend(common_errors(&path, container, volumes));
        errors.extend(image_space_error(&path, container));
        errors.extend(name_taken(&path, container, &others).or_else(|| name_taken(&path, container, &containers[..i])));
        let target = meta::text(container, &["targetContainerName"]);
        if !target.is_empty() && !others.iter().any(|other| meta::text(other, &["name"]) == target) {
            errors.push(FieldError::not_found(&path.child("targetContainerName"), target));
        }
        for member in ["ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"] {
            if check::given(container, member).is_some() {
                let path = path.child(member);
                errors.push(FieldError::forbidden(&path, "cannot be set for an Ephemeral Container"));
            }
        }
    }
    errors
}

/// An image with space around it can't be pulled.
pub fn image_space_error(path: &Path, container: &Value) -> Option<FieldError> {
    let image = meta::text(container, &["image"]);
    let detail = "must not have leading or trailing whitespace";
    (image.trim() != image).then(|| FieldError::invalid(&path.child("image"), image, detail))
}

/// On the host's network a container's port is the host's port.
pub fn host_network_errors(path: &Path, spec: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if !check::boolean(spec, "hostNetwork") {
        return errors;
    }
    for list in ["containers", "initContainers"] {
        for (i, container) in meta::items(spec, &[list]).iter().enumerate() {
            for (j, port) in meta::items(container, &["ports"]).iter().enumerate() {
                let number = check::integer(port, "containerPort");
                if check::integer(port, "hostPort") != number {
                    let path = path.child(list).index(i).child("ports").index(j).child("containerPort");
                    let detail = "must match `hostPort` when `hostNetwork` is true";
                    errors.push(FieldError::invalid(&path, number, detail));
                }
            }
        }
    }
    errors
}

fn common_errors(path: &Path, container: &Value, volumes: &[&str]) -> FieldErrors {
    let text = |member: &str| meta::text(container, &[member]);
    let list = |member: &str| meta::items(container, &[member]);
    let mut errors = FieldErrors::new();
    if text("name").is_empty() {
        errors.push(FieldError::required(&path.child("name"), ""));
    }
    errors.extend(check::optional_rule(path, container, "name", names::dns1123_label));
    if text("image").is_empty() {
        errors.push(FieldError::required(&path.child("image"), ""));
    }
    let policies = &["File", "FallbackToLogsOnError"];
    let at = path.child("terminationMessagePolicy");
    errors.extend(check::one_of(&at, text("terminationMessagePolicy"), policies));
    errors.extend(port_errors(&path.child("ports"), list("ports")));
    errors.extend(env_errors(&path.child("env"), list("env")));
    errors.extend(env_from_errors(&path.child("envFrom"), list("envFrom")));
    errors.extend(mount_errors(&path.child("volumeMounts"), container, volumes));
    let policies = &["Always", "IfNotPresent", "Never"];
    errors.extend(check::one_of(&path.child("imagePullPolicy"), text("imagePullPolicy"), policies));
    errors.extend(resources::errors(&path.child("resources"), container));
    errors
}

fn name_taken(path: &Path, container: &Value, others: &[Value]) -> Option<FieldError> {
    let name = meta::text(container, &["name"]);
    let taken = others.iter().any(|other| meta::text(other, &["name"]) == name);
    taken.then(|| FieldError::duplicate(&path.child("name"), name))
}

fn port_errors(path: &Path, ports: &[Value]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut seen = Vec::new();
    for (i, port) in ports.iter().enumerate() {
        let path = path.index(i);
        let name = meta::text(port, &["name"]);
        if !name.is_empty() {
            let wrong = check::rule(&path.child("name"), name, names::port_name);
            if !wrong.is_empty() {
                errors.extend(wrong);
            } else if seen.contains(&name) {
                errors.push(FieldError::duplicate(&path.child("name"), name));
            } else {
                seen.push(name);
            }
        }
        match check::integer(port, "containerPort") {
            0 => errors.push(FieldError::required(&path.child("containerPort"), "")),
            number => errors.extend(check::port_number(&path.child("containerPort"), number)),
        }
        match check::integer(port, "hostPort") {
            0 => {}
            number => errors.extend(check::port_number(&path.child("hostPort"), number)),
        }
        errors.extend(check::one_of(&path.child("protocol"), meta::text(port, &["protocol"]), PROTOCOLS));
    }
    errors
}

fn host_port_conflicts(path: &Path, containers: &[Value]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut seen = Vec::new();
    for (i, container) in containers.iter().enumerate() {
        for (j, port) in meta::items(container, &["ports"]).iter().enumerate() {
            let number = check::integer(port, "hostPort");
            if number == 0 {
                continue;
            }
            let text = |member: &str| meta::text(port, &[member]);
            let used = format!("{}/{}/{number}", text("protocol"), text("hostIP"));
            if seen.contains(&used) {
                let path = path.index(i).child("ports").index(j).child("hostPort");
                errors.push(FieldError::duplicate(&path, used));
            } else {
                seen.push(used);
            }
        }
    }
    errors
}

fn env_errors(path: &Path, env: &[Value]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, variable) in env.iter().enumerate() {
        let path = path.index(i);
        if meta::text(variable, &["name"]).is_empty() {
            errors.push(FieldError::required(&path.child("name"), ""));
        }
        errors.extend(check::optional_rule(&path, variable, "name", env_name));
        if let Some(from) = check::given(variable, "valueFrom") {
            errors.extend(value_from_errors(&path.child("valueFrom"), variable, from));
        }
    }
    errors
}

fn value_from_errors(path: &Path, variable: &Value, from: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut count = 0;
    for kind in ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"] {
        let Some(source) = check::given(from, kind) else { continue };
        count += 1;
        let path = path.child(kind);
        match kind {
            "fieldRef" => errors.extend(field_errors(&path, source)),
            "resourceFieldRef" => errors.extend(resources::field_errors(&path, source)),
            _ => errors.extend(key_errors(&path, source)),
        }
    }
    if count == 0 {
        let detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`";
        errors.push(FieldError::invalid(path, "", detail));
    } else if !meta::text(variable, &["value"]).is_empty() {
        errors.push(FieldError::invalid(path, "", "may not be specified when `value` is not empty"));
    } else if count > 1 {
        errors.push(FieldError::invalid(path, "", "may not have more than one field specified at a time"));
    }
    errors
}

fn field_errors(path: &Path, source: &Value) -> FieldErrors {
    let field = meta::text(source, &["fieldPath"]);
    let path = path.child("fieldPath");
    if field.is_empty() {
        return vec![FieldError::required(&path, "")];
    }
    let entry = |map: &str| field.strip_prefix(map).is_some_and(|rest| rest.starts_with("['") && rest.ends_with("']"));
    if ENV_FIELDS.contains(&field) || entry("metadata.labels") || entry("metadata.annotations") {
        return FieldErrors::new();
    }
    let known = ["metadata.labels", "metadata.annotations", "spec.restartPolicy", "spec.schedulerName", "status.phase"];
    if known.contains(&field) {
        return vec![FieldError::not_supported(&path, field, ENV_FIELDS)];
    }
    vec![FieldError::invalid(&path, field, &format!("error converting fieldPath: field label not supported: {field}"))]
}

fn key_errors(path: &Path, source: &Value) -> FieldErrors {
    match meta::text(source, &["key"]) {
        "" => vec![FieldError::required(&path.child("key"), "")],
        key => check::rule(&path.child("key"), key, names::config_key),
    }
}

fn env_from_errors(path: &Path, sources: &[Value]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, source) in sources.iter().enumerate() {
        let at = path.index(i);
        errors.extend(check::optional_rule(&at, source, "prefix", env_name));
        let mut count = 0;
        for kind in ["configMapRef", "secretRef"] {
            let Some(reference) = check::given(source, kind) else { continue };
            count += 1;
            let at = at.child(kind);
            if meta::text(reference, &["name"]).is_empty() {
                errors.push(FieldError::required(&at.child("name"), ""));
            }
            errors.extend(check::optional_rule(&at, reference, "name", names::dns1123_subdomain));
        }
        if count == 0 {
            errors.push(FieldError::invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"));
        } else if count > 1 {
            errors.push(FieldError::invalid(path, "", "may not have more than one field specified at a time"));
        }
    }
    errors
}

fn mount_errors(path: &Path, container: &Value, volumes: &[&str]) -> FieldErrors {
    let mounts = meta::items(container, &["volumeMounts"]);
    let devices = meta::items(container, &["volumeDevices"]);
    let mut errors = FieldErrors::new();
    for (i, mount) in mounts.iter().enumerate() {
        let at = path.index(i);
        let text = |member: &str| meta::text(mount, &[member]);
        let (name, place) = (text("name"), text("mountPath"));
        if name.is_empty() {
            errors.push(FieldError::required(&at.child("name"), ""));
        }
        if !volumes.contains(&name) {
            errors.push(FieldError::not_found(&at.child("name"), name));
        }
        if place.is_empty() {
            errors.push(FieldError::required(&at.child("mountPath"), ""));
        }
        if mounts[..i].iter().any(|other| meta::text(other, &["mountPath"]) == place) {
            errors.push(FieldError::invalid(&at.child("mountPath"), place, "must be unique"));
        }
        if devices.iter().any(|device| meta::text(device, &["name"]) == name) {
            errors.push(FieldError::invalid(&at.child("name"), name, "must not already exist in volumeDevices"));
        }
        if devices.iter().any(|device| meta::text(device, &["devicePath"]) == place) {
            let detail = "must not already exist as a path in volumeDevices";
            errors.push(FieldError::invalid(&at.child("mountPath"), place, detail));
        }
        errors.extend(descending_errors(&path.child("subPath"), text("subPath")));
        if !text("subPathExpr").is_empty() && !text("subPath").is_empty() {
            let detail = "subPathExpr and subPath are mutually exclusive";
            errors.push(FieldError::invalid(&at.child("subPathExpr"), text("subPathExpr"), detail));
        }
        errors.extend(descending_errors(&path.child("subPathExpr"), text("subPathExpr")));
    }
    errors
}

/// Fields of a pod that an environment variable can show.
const ENV_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// Names of environment variables: printable ASCII without `=`.
fn env_name(name: &str) -> Vec<String> {
    if name.chars().all(|c| (c.is_ascii_graphic() || c == ' ') && c != '=') {
        return Vec::new();
    }
    vec!["a valid environment variable name must consist only of printable ASCII characters other than '='".to_owned()]
}
