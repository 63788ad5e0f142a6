//! Requests of a claim: exactly these devices, or the first of some that are there.

use std::collections::HashSet;

use serde_json::Value;

use super::selector;
use crate::kinds::rules::{check, fill};
use crate::object::{
    FieldError, FieldErrors, Path,
    meta::{self, Object},
    names,
};

/// The most alternatives of a request, and the most taints that a request tolerates.
const ALTERNATIVES_MAX: usize = 8;
const TOLERATIONS_MAX: usize = 16;

/// Fills in what a decoder fills in.
pub fn default(request: &mut Object) {
    fill::inside(request, "exactly", default_one);
    fill::each(request, "firstAvailable", default_one);
}

/// Checks a request.
pub fn errors(path: &Path, request: &Value) -> FieldErrors {
    let mut errors = check::rule(&path.child("name"), meta::text(request, &["name"]), names::dns1123_label);
    let alternatives = meta::items(request, &["firstAvailable"]);
    match (check::given(request, "exactly"), alternatives.is_empty()) {
        (None, true) => {
            errors.push(FieldError::required(path, "exactly one of `exactly` or `firstAvailable` is required"));
        }
        (Some(_), false) => {
            let detail = "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set";
            errors.push(FieldError::invalid(path, Value::Null, detail));
        }
        (Some(exactly), true) => errors.extend(one_errors(&path.child("exactly"), exactly)),
        (None, false) => errors.extend(alternative_errors(&path.child("firstAvailable"), alternatives)),
    }
    errors
}

/// The names by which constraints may refer to the requests.
pub fn names_of(requests: &[Value]) -> HashSet<String> {
    let mut found = HashSet::new();
    for request in requests {
        let name = meta::text(request, &["name"]);
        found.insert(name.to_owned());
        let alternatives = meta::items(request, &["firstAvailable"]).iter();
        found.extend(alternatives.map(|one| format!("{name}/{}", meta::text(one, &["name"]))));
    }
    found
}

fn default_one(one: &mut Object) {
    fill::absent(one, "allocationMode", "ExactCount");
    let count = one.get("count").and_then(Value::as_i64).unwrap_or_default();
    if one["allocationMode"] == "ExactCount" && count == 0 {
        one.insert("count".to_owned(), 1.into());
    }
    fill::each(one, "tolerations", |toleration| fill::absent(toleration, "operator", "Equal"));
}

fn alternative_errors(path: &Path, alternatives: &[Value]) -> FieldErrors {
    if alternatives.len() > ALTERNATIVES_MAX {
        return vec![FieldError::too_many(path, alternatives.len(), ALTERNATIVES_MAX)];
    }
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, one) in alternatives.iter().enumerate() {
        let (path, name) = (path.index(i), meta::text(one, &["name"]));
        errors.extend(check::rule(&path.child("name"), name, names::dns1123_label));
        errors.extend(one_errors(&path, one));
        if !seen.insert(name) {
            errors.push(FieldError::duplicate(&path, name));
        }
    }
    errors
}

fn one_errors(path: &Path, one: &Value) -> FieldErrors {
    let class = meta::text(one, &["deviceClassName"]);
    let mut errors = check::required_rule(&path.child("deviceClassName"), class, names::dns1123_subdomain);
    errors.extend(selector::errors(&path.child("selectors"), meta::items(one, &["selectors"])));
    let (mode, count) = (meta::text(one, &["allocationMode"]), check::integer(one, "count"));
    let at = path.child("count");
    match mode {
        "All" if count != 0 => {
            errors.push(FieldError::invalid(&at, count, "must not be specified when allocationMode is 'All'"));
        }
        "ExactCount" if count <= 0 => errors.push(FieldError::invalid(&at, count, "must be greater than zero")),
        "All" | "ExactCount" => {}
        other => {
            let path = path.child("allocationMode");
            errors.push(FieldError::not_supported(&path, other, &["All", "ExactCount"]));
        }
    }
    let tolerations = meta::items(one, &["tolerations"]);
    if tolerations.len() > TOLERATIONS_MAX {
        errors.push(FieldError::too_many(&path.child("tolerations"), tolerations.len(), TOLERATIONS_MAX));
    }
    errors
}
