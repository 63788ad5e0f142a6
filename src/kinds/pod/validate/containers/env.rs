//! Checks of environment variables and of what they are read from.

use k8s_openapi::api::core::v1::{
    EnvFromSource, EnvVar, EnvVarSource, FileKeySelector, ObjectFieldSelector, ResourceFieldSelector,
};

use crate::kinds::pod::typed::text;
use crate::kinds::pod::validate::volumes::local_path_errors;
use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, names};
use crate::text::quantity::nanos;

/// Checks a list of variables.
pub fn errors(path: &Path, env: &[EnvVar]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, variable) in env.iter().enumerate() {
        let path = path.index(i);
        errors.extend(check::required_rule(&path.child("name"), &variable.name, env_name));
        if let Some(from) = &variable.value_from {
            errors.extend(source_errors(&path.child("valueFrom"), text(&variable.value), from));
        }
    }
    errors
}

/// Checks a list of objects whose entries become variables.
pub fn from_errors(path: &Path, sources: &[EnvFromSource]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, source) in sources.iter().enumerate() {
        let at = path.index(i);
        errors.extend(check::rule_if_given(&at.child("prefix"), text(&source.prefix), env_name));
        let config_map = source.config_map_ref.as_ref().map(|reference| ("configMapRef", reference.name.as_str()));
        let secret = source.secret_ref.as_ref().map(|reference| ("secretRef", reference.name.as_str()));
        for (member, name) in config_map.into_iter().chain(secret) {
            let path = at.child(member).child("name");
            errors.extend(check::required_rule(&path, name, names::dns1123_subdomain_prefix));
        }
        match usize::from(config_map.is_some()) + usize::from(secret.is_some()) {
            0 => errors.push(FieldError::invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")),
            1 => {}
            _ => errors.push(FieldError::invalid(path, "", "may not have more than one field specified at a time")),
        }
    }
    errors
}

/// Checks a reference to a field of the pod, which may be one of `known` or an entry of the labels or annotations.
pub fn field_errors(path: &Path, source: &ObjectFieldSelector, known: &[&str]) -> FieldErrors {
    let at = path.child("fieldPath");
    let refuse = |why: String| vec![FieldError::invalid(&at, source.field_path.as_str(), &why)];
    let version = text(&source.api_version);
    if version.is_empty() {
        return vec![FieldError::required(&path.child("apiVersion"), "")];
    }
    if source.field_path.is_empty() {
        return vec![FieldError::required(&at, "")];
    }
    if version != "v1" {
        return refuse(format!("error converting fieldPath: unsupported pod version: {version}"));
    }
    match subscripted(&source.field_path) {
        Some(("metadata.labels", key)) => check::rule(path, key, names::qualified_name),
        Some(("metadata.annotations", key)) => check::rule(path, &key.to_lowercase(), names::qualified_name),
        Some(_) => {
            let field = &source.field_path;
            refuse(format!("error converting fieldPath: field label does not support subscript: {field}"))
        }
        None => {
            let field = if source.field_path == "spec.host" { "spec.nodeName" } else { &source.field_path };
            if !POD_FIELDS.contains(&field) {
                return refuse(format!("error converting fieldPath: field label not supported: {field}"));
            }
            if known.contains(&field) {
                return FieldErrors::new();
            }
            vec![FieldError::not_supported(&at, field, known)]
        }
    }
}

/// Checks a reference to a container's resource; volumes have to name the container.
pub fn resource_errors(path: &Path, source: &ResourceFieldSelector, names_container: bool) -> FieldErrors {
    let resource = source.resource.as_str();
    let mut errors = FieldErrors::new();
    let huge = ["requests.hugepages-", "limits.hugepages-"].iter().any(|prefix| resource.starts_with(prefix));
    if names_container && text(&source.container_name).is_empty() {
        errors.push(FieldError::required(&path.child("containerName"), ""));
    } else if resource.is_empty() {
        errors.push(FieldError::required(&path.child("resource"), ""));
    } else if !huge && !RESOURCE_FIELDS.contains(&resource) {
        errors.push(FieldError::not_supported(&path.child("resource"), resource, RESOURCE_FIELDS));
    }
    let divisor = source.divisor.as_ref().map_or("0", |divisor| divisor.0.as_str());
    let (kind, allowed) = match resource.split_once('.') {
        Some(("limits" | "requests", "cpu")) => ("cpu", &["1m", "1"][..]),
        Some(("limits" | "requests", "memory")) => ("memory", BYTES),
        Some(("limits" | "requests", "ephemeral-storage")) => ("local ephemeral storage", BYTES),
        _ if huge => ("hugepages", BYTES),
        _ => return errors,
    };
    if nanos(divisor) != Some(0) && !allowed.contains(&divisor) {
        let values = if kind == "cpu" { "1m and 1".to_owned() } else { BYTES.join(", ") };
        let detail = format!("only divisor's values {values} are supported with the {kind} resource");
        errors.push(FieldError::invalid(&path.child("divisor"), resource, &detail));
    }
    errors
}

fn source_errors(path: &Path, value: &str, from: &EnvVarSource) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut count = 0;
    if let Some(field) = &from.field_ref {
        count += 1;
        errors.extend(field_errors(&path.child("fieldRef"), field, ENV_FIELDS));
    }
    if let Some(resource) = &from.resource_field_ref {
        count += 1;
        errors.extend(resource_errors(&path.child("resourceFieldRef"), resource, false));
    }
    if let Some(selector) = &from.config_map_key_ref {
        count += 1;
        errors.extend(key_errors(&path.child("configMapKeyRef"), &selector.name, &selector.key));
    }
    if let Some(selector) = &from.secret_key_ref {
        count += 1;
        errors.extend(key_errors(&path.child("secretKeyRef"), &selector.name, &selector.key));
    }
    if let Some(selector) = &from.file_key_ref {
        count += 1;
        errors.extend(file_errors(&path.child("fileKeyRef"), selector));
    }
    if count == 0 {
        let detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or \
                      `fileKeyRef`";
        errors.push(FieldError::invalid(path, "", detail));
    } else if !value.is_empty() {
        errors.push(FieldError::invalid(path, "", "may not be specified when `value` is not empty"));
    } else if count > 1 {
        errors.push(FieldError::invalid(path, "", "may not have more than one field specified at a time"));
    }
    errors
}

/// Checks a reference to an entry of a ConfigMap or Secret.
fn key_errors(path: &Path, name: &str, key: &str) -> FieldErrors {
    let mut errors = check::rule(&path.child("name"), name, names::dns1123_subdomain);
    errors.extend(check::required_rule(&path.child("key"), key, names::config_key));
    errors
}

/// Checks a reference to an entry of a file of variables.
fn file_errors(path: &Path, selector: &FileKeySelector) -> FieldErrors {
    let mut errors = check::required_rule(&path.child("key"), &selector.key, env_name);
    if selector.volume_name.is_empty() {
        errors.push(FieldError::required(&path.child("volumeName"), ""));
    }
    if selector.path.is_empty() {
        errors.push(FieldError::required(&path.child("path"), ""));
    } else {
        errors.extend(local_path_errors(&path.child("path"), &selector.path));
    }
    errors
}

/// `map['key']` as the map and the key.
fn subscripted(field: &str) -> Option<(&str, &str)> {
    let (map, key) = field.strip_suffix("']")?.split_once("['")?;
    (!map.is_empty()).then_some((map, key))
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

/// Fields of a pod that have a name, whoever can show them.
const POD_FIELDS: &[&str] = &[
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.phase",
    "status.podIP",
    "status.podIPs",
];

/// Resources of a container that can be shown.
const RESOURCE_FIELDS: &[&str] = &[
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// Divisors of resources that are counted in bytes.
const BYTES: &[&str] = &["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/// Names of environment variables: printable ASCII without `=`.
fn env_name(name: &str) -> Vec<String> {
    if name.chars().all(|c| (c.is_ascii_graphic() || c == ' ') && c != '=') {
        return Vec::new();
    }
    vec!["a valid environment variable name must consist only of printable ASCII characters other than '='".to_owned()]
}
