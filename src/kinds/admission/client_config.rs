//! Where a webhook is: a URL, or a service of the cluster.

use serde_json::Value;

use crate::kinds::rules::{check, fill};
use crate::object::{FieldError, FieldErrors, Path, meta, meta::Object, names};
use crate::text::url::Url;

const FORM: &str = "; desired format: https://host[/path]";
const HTTPS: i64 = 443;

/// Fills in what a client configuration leaves out.
pub fn default(config: &mut Object) {
    fill::inside(config, "service", |service| fill::null(service, "port", HTTPS));
}

/// What is wrong with a client configuration.
pub fn errors(path: &Path, config: &Value) -> FieldErrors {
    match (check::given(config, "url").and_then(Value::as_str), check::given(config, "service")) {
        (Some(url), None) => url_errors(&path.child("url"), url),
        (None, Some(service)) => service_errors(&path.child("service"), service),
        _ => vec![FieldError::required(path, "exactly one of url or service is required")],
    }
}

fn url_errors(path: &Path, text: &str) -> FieldErrors {
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(why) => return vec![FieldError::required(path, &format!("url must be a valid URL: {why}{FORM}"))],
    };
    let mut errors = FieldErrors::new();
    if url.scheme != "https" {
        let detail = format!("'https' is the only allowed URL scheme{FORM}");
        errors.push(FieldError::invalid(path, url.scheme, &detail));
    }
    if url.host.is_empty() {
        errors.push(FieldError::invalid(path, "", &format!("host must be specified{FORM}")));
    }
    if let Some(user) = url.user {
        errors.push(FieldError::invalid(path, user, "user information is not permitted in the URL"));
    }
    if !url.fragment.is_empty() {
        errors.push(FieldError::invalid(path, url.fragment, "fragments are not permitted in the URL"));
    }
    if !url.query.is_empty() {
        errors.push(FieldError::invalid(path, url.query, "query parameters are not permitted in the URL"));
    }
    errors
}

fn service_errors(path: &Path, service: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for member in ["name", "namespace"] {
        if meta::text(service, &[member]).is_empty() {
            errors.push(FieldError::required(&path.child(member), &format!("service {member} is required")));
        }
    }
    let port = check::given(service, "port").and_then(Value::as_i64).unwrap_or(HTTPS);
    if !(1..=65535).contains(&port) {
        let detail = "port is not valid: must be between 1 and 65535, inclusive";
        errors.push(FieldError::invalid(&path.child("port"), port, detail));
    }
    errors.extend(service_path_errors(&path.child("path"), meta::text(service, &["path"])));
    errors
}

fn service_path_errors(path: &Path, value: &str) -> FieldErrors {
    let invalid = |detail: &str| FieldError::invalid(path, value, detail);
    match value {
        "" | "/" => return FieldErrors::new(),
        "//" => return vec![invalid("segment[0] may not be empty")],
        _ => {}
    }
    let mut errors = FieldErrors::new();
    if !value.starts_with('/') {
        errors.push(invalid("must start with a '/'"));
    }
    // The first character is passed over whatever it is.
    let mut rest = value.chars();
    rest.next();
    let segments = rest.as_str().strip_suffix('/').unwrap_or(rest.as_str()).split('/').enumerate();
    for (i, segment) in segments {
        if segment.is_empty() {
            errors.push(invalid(&format!("segment[{i}] may not be empty")));
            continue;
        }
        let wrong = names::dns1123_subdomain(segment);
        errors.extend(wrong.iter().map(|wrong| invalid(&format!("segment[{i}]: {wrong}"))));
    }
    errors
}
