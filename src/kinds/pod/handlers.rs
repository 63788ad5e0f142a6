//! Checks of probes and life cycle hooks.

use serde_json::Value;

use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, meta, names};

/// Checks a container's hooks and probes.
pub fn errors(path: &Path, container: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if let Some(lifecycle) = check::given(container, "lifecycle") {
        for hook in ["postStart", "preStop"] {
            if let Some(handler) = check::given(lifecycle, hook) {
                errors.extend(handler_errors(&path.child("lifecycle").child(hook), handler));
            }
        }
    }
    for (member, once) in [("livenessProbe", true), ("readinessProbe", false), ("startupProbe", true)] {
        let Some(probe) = check::given(container, member) else { continue };
        let path = path.child(member);
        errors.extend(probe_errors(&path, probe));
        let successes = check::integer(probe, "successThreshold");
        if once && successes != 1 {
            errors.push(FieldError::invalid(&path.child("successThreshold"), successes, "must be 1"));
        }
    }
    errors
}

fn probe_errors(path: &Path, probe: &Value) -> FieldErrors {
    let mut errors = handler_errors(path, probe);
    for member in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
        let number = check::integer(probe, member);
        if number < 0 {
            let detail = "must be greater than or equal to 0";
            errors.push(FieldError::invalid(&path.child(member), number, detail));
        }
    }
    if let Some(seconds) = probe.get("terminationGracePeriodSeconds").and_then(Value::as_i64).filter(|s| *s <= 0) {
        let detail = "must be greater than 0";
        errors.push(FieldError::invalid(&path.child("terminationGracePeriodSeconds"), seconds, detail));
    }
    errors
}

fn handler_errors(path: &Path, handler: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut count = 0;
    for kind in ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] {
        let Some(action) = check::given(handler, kind) else { continue };
        let path = path.child(kind);
        count += 1;
        if count > 1 {
            errors.push(FieldError::forbidden(&path, "may not specify more than 1 handler type"));
            continue;
        }
        match kind {
            "exec" if meta::items(action, &["command"]).is_empty() => {
                errors.push(FieldError::required(&path.child("command"), ""));
            }
            "httpGet" => errors.extend(http_errors(&path, action)),
            "tcpSocket" => errors.extend(port_errors(&path.child("port"), action)),
            "grpc" => errors.extend(check::port_number(&path.child("port"), check::integer(action, "port"))),
            _ => {}
        }
    }
    if count == 0 {
        errors.push(FieldError::required(path, "must specify a handler type"));
    }
    errors
}

fn http_errors(path: &Path, action: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if meta::text(action, &["path"]).is_empty() {
        errors.push(FieldError::required(&path.child("path"), ""));
    }
    errors.extend(port_errors(&path.child("port"), action));
    let scheme = meta::text(action, &["scheme"]);
    if !["HTTP", "HTTPS"].contains(&scheme) {
        errors.push(FieldError::not_supported(&path.child("scheme"), scheme, &["HTTP", "HTTPS"]));
    }
    errors
}

/// A port given by number or by name.
fn port_errors(path: &Path, action: &Value) -> FieldErrors {
    match action.get("port") {
        Some(Value::String(name)) => check::rule(path, name, names::port_name),
        _ => check::port_number(path, check::integer(action, "port")).into_iter().collect(),
    }
}
