//! The spec of a claim for devices, in a claim or in a template for one.

use std::collections::HashSet;

use serde_json::Value;

use super::{config, constraint, request};
use crate::kinds::rules::fill;
use crate::object::{
    FieldError, FieldErrors, Path,
    meta::{self, Object},
};

/// The most requests, constraints and configurations.
const PARTS_MAX: usize = 32;

/// Fills in what a decoder fills in.
pub fn default(spec: &mut Object) {
    fill::inside(spec, "devices", |devices| fill::each(devices, "requests", request::default));
}

/// Checks a spec.
pub fn errors(path: &Path, spec: &Value) -> FieldErrors {
    let path = path.child("devices");
    let list = |name: &str| meta::items(spec, &["devices", name]);
    let requests = list("requests");
    let mut errors = FieldErrors::new();
    let mut known = HashSet::new();
    let at = path.child("requests");
    errors.extend(too_many(&at, requests));
    for (i, request) in requests.iter().take(PARTS_MAX).enumerate() {
        errors.extend(request::errors(&at.index(i), request));
        let name = meta::text(request, &["name"]);
        if !known.insert(name) {
            errors.push(FieldError::duplicate(&at.index(i), name));
        }
    }
    let names = request::names_of(requests);
    let at = path.child("constraints");
    errors.extend(too_many(&at, list("constraints")));
    for (i, constraint) in list("constraints").iter().take(PARTS_MAX).enumerate() {
        errors.extend(constraint::errors(&at.index(i), constraint, &names));
    }
    let at = path.child("config");
    errors.extend(too_many(&at, list("config")));
    for (i, config) in list("config").iter().take(PARTS_MAX).enumerate() {
        let path = at.index(i);
        let references = meta::items(config, &["requests"]);
        errors.extend(constraint::reference_errors(&path.child("requests"), references, &names));
        errors.extend(config::errors(&path, config));
    }
    errors
}

fn too_many(path: &Path, items: &[Value]) -> Option<FieldError> {
    (items.len() > PARTS_MAX).then(|| FieldError::too_many(path, items.len(), PARTS_MAX))
}
