//! What the devices of a claim have in common, or have not.

use std::collections::HashSet;

use serde_json::Value;

use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, meta, names};

/// Checks a constraint on requests of these names.
pub fn errors(path: &Path, constraint: &Value, requests: &HashSet<String>) -> FieldErrors {
    let mut errors = reference_errors(&path.child("requests"), meta::items(constraint, &["requests"]), requests);
    let attributes = ["matchAttribute", "distinctAttribute"];
    let given: Vec<_> = attributes.iter().filter(|name| check::given(constraint, name).is_some()).collect();
    let [name] = given[..] else {
        let detail =
            "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple fields are set";
        errors.push(FieldError::required(path, detail));
        return errors;
    };
    errors.extend(attribute_errors(&path.child(name), meta::text(constraint, &[*name])));
    errors
}

/// Checks references to requests, each of which may be to one of the request's alternatives.
pub fn reference_errors(path: &Path, references: &[Value], requests: &HashSet<String>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, reference) in references.iter().filter_map(Value::as_str).enumerate() {
        let path = path.index(i);
        let parts = reference.splitn(2, '/');
        errors.extend(parts.flat_map(|part| check::rule(&path, part, names::dns1123_label)));
        if !requests.contains(reference) {
            let detail = "must be the name of a request in the claim or the name of a request and a subrequest separated by \
                          '/'";
            errors.push(FieldError::invalid(&path, reference, detail));
        }
        if !seen.insert(reference) {
            errors.push(FieldError::duplicate(&path, reference));
        }
    }
    errors
}

/// Checks `example.com/name`, of which only the domain is checked.
fn attribute_errors(path: &Path, name: &str) -> FieldErrors {
    if name.is_empty() {
        return vec![FieldError::required(path, "name required")];
    }
    match name.split_once('/') {
        None => {
            let detail = "a fully qualified name must be a domain and a name separated by a slash";
            vec![FieldError::invalid(path, name, detail)]
        }
        Some((domain, _)) => check::required_rule(path, domain, names::dns1123_subdomain),
    }
}
