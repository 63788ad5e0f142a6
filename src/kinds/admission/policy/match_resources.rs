//! `MatchResources`: which requests a policy or a binding is for.

use serde_json::{Map, Value};

use crate::{
    kinds::{
        admission::rule,
        pod,
        rules::{
            check,
            fill::{self, each},
        },
    },
    object::{FieldError, FieldErrors, Path, meta, meta::Object, names},
};

/// Fills in what is left out.
pub fn default(resources: &mut Object) {
    fill::null(resources, "matchPolicy", "Equivalent");
    fill::null(resources, "namespaceSelector", Map::new());
    fill::null(resources, "objectSelector", Map::new());
    for rules in ["resourceRules", "excludeResourceRules"] {
        each(resources, rules, rule::default);
    }
}

/// What is wrong with them. A policy's must name some resources.
pub fn errors(path: &Path, resources: &Value, must_name: bool) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let policy = meta::text(resources, &["matchPolicy"]);
    if !policy.is_empty() && !["Equivalent", "Exact"].contains(&policy) {
        let supported = ["Equivalent", "Exact"];
        errors.push(FieldError::not_supported(&path.child("matchPolicy"), policy, &supported));
    }
    for member in ["namespaceSelector", "objectSelector"] {
        if let Some(selector) = check::given(resources, member) {
            errors.extend(pod::selector_errors(&path.child(member), selector));
        }
    }
    for member in ["resourceRules", "excludeResourceRules"] {
        for (index, rule) in meta::items(resources, &[member]).iter().enumerate() {
            let path = path.child(member).index(index);
            errors.extend(name_errors(&path, rule));
            errors.extend(rule::errors(&path, rule));
        }
    }
    if must_name && meta::items(resources, &["resourceRules"]).is_empty() {
        errors.push(FieldError::required(&path.child("resourceRules"), ""));
    }
    errors
}

/// What is wrong with the names of a rule.
fn name_errors(path: &Path, rule: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut known = std::collections::HashSet::new();
    for (index, name) in meta::items(rule, &["resourceNames"]).iter().filter_map(Value::as_str).enumerate() {
        let at = path.child("resourceNames").index(index);
        errors.extend(check::rule(&at, name, names::path_segment));
        if !known.insert(name) {
            errors.push(FieldError::duplicate(&at, name));
        }
    }
    errors
}
