//! Checks of a request.

use std::collections::HashSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{conditions, request};
use crate::object::{FieldError, FieldErrors, Path, meta, names};
use crate::text::go_quote;

/// The fewest seconds that a certificate is good for.
const SECONDS_MIN: i64 = 600;
/// The most bytes of a signer's domain, and of its whole name.
const DOMAIN_MAX: usize = 253;
const SIGNER_MAX: usize = 571;

/// What a key may be used for.
const USAGES: &[&str] = &[
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];

/// Checks a request as a whole.
pub fn errors(object: &Value) -> FieldErrors {
    let (path, null) = (Path::new("spec"), Value::Null);
    let spec = object.get("spec").unwrap_or(&null);
    let mut errors = FieldErrors::new();
    if let Err(why) = request::organizations(meta::text(spec, &["request"])) {
        let shown = spec.get("request").cloned().unwrap_or(Value::Null);
        errors.push(FieldError::invalid(&path.child("request"), shown, &why));
    }
    errors.extend(usage_errors(&path.child("usages"), meta::items(spec, &["usages"])));
    errors.extend(signer_errors(&path.child("signerName"), meta::text(spec, &["signerName"])));
    let seconds = spec.get("expirationSeconds").and_then(Value::as_i64);
    if let Some(seconds) = seconds.filter(|seconds| *seconds < SECONDS_MIN) {
        let detail = "may not specify a duration less than 600 seconds (10 minutes)";
        errors.push(FieldError::invalid(&path.child("expirationSeconds"), seconds, detail));
    }
    errors.extend(conditions::errors(object));
    let certificate = meta::text(object, &["status", "certificate"]);
    if !certificate.is_empty()
        && request::block(&STANDARD.decode(certificate).unwrap_or_default(), "CERTIFICATE").is_none()
    {
        let detail = "must contain at least one CERTIFICATE PEM block";
        errors.push(FieldError::invalid(&Path::new("status").child("certificate"), "<certificate data>", detail));
    }
    errors
}

/// A certificate is issued once.
pub fn certificate_change_error(object: &Value, old: &Value) -> Option<FieldError> {
    let certificate = |object| meta::text(object, &["status", "certificate"]);
    let changes = !certificate(old).is_empty() && certificate(object) != certificate(old);
    let path = Path::new("status").child("certificate");
    changes.then(|| FieldError::forbidden(&path, "updates may not modify existing certificate content"))
}

fn usage_errors(path: &Path, usages: &[Value]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if usages.is_empty() {
        errors.push(FieldError::required(path, ""));
    }
    let texts = || usages.iter().filter_map(Value::as_str).enumerate();
    for (i, usage) in texts().filter(|(_, usage)| !USAGES.contains(usage)) {
        errors.push(FieldError::not_supported(&path.index(i), usage, USAGES));
    }
    let mut seen = HashSet::new();
    for (i, usage) in texts().filter(|(_, usage)| !seen.insert(*usage)) {
        errors.push(FieldError::duplicate(&path.index(i), usage));
    }
    errors
}

/// Checks the name of a signer: `example.com/name`.
fn signer_errors(path: &Path, signer: &str) -> FieldErrors {
    if signer == "kubernetes.io/legacy-unknown" {
        let detail = "the legacy signerName is not allowed via this API version";
        return vec![FieldError::invalid(path, signer, detail)];
    }
    if signer.is_empty() {
        return vec![FieldError::required(path, "")];
    }
    let parts: Vec<_> = signer.split('/').collect();
    let [domain, name] = parts[..] else {
        let detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        return vec![FieldError::invalid(path, signer, detail)];
    };
    let mut errors = FieldErrors::new();
    if domain.len() > DOMAIN_MAX {
        errors.push(FieldError::too_long(path, DOMAIN_MAX));
    }
    errors.extend(label_errors(path, domain, names::dns1123_label));
    if !domain.contains('.') {
        let detail = "should be a domain with at least two segments separated by dots";
        errors.push(FieldError::invalid(path, domain, detail));
    }
    errors.extend(label_errors(path, name, names::dns1123_subdomain));
    if signer.len() > SIGNER_MAX {
        errors.push(FieldError::too_long(path, SIGNER_MAX));
    }
    errors
}

fn label_errors(path: &Path, value: &str, rule: fn(&str) -> Vec<String>) -> FieldErrors {
    let wrong = value.split('.').flat_map(|label| rule(label).into_iter().map(move |why| (label, why)));
    let detail = |(label, why): (&str, String)| format!("validating label {}: {why}", go_quote(label));
    wrong.map(|wrong| FieldError::invalid(path, value, &detail(wrong))).collect()
}
