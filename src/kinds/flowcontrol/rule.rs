//! Checks of which requests a flow schema is about.

use serde_json::{Value, json};

use super::subject;
use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, meta, names};

const VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];

/// Checks a rule.
pub fn errors(path: &Path, rule: &Value) -> FieldErrors {
    let (at, subjects) = (path.child("subjects"), meta::items(rule, &["subjects"]));
    let mut errors = FieldErrors::new();
    if subjects.is_empty() {
        errors.push(FieldError::required(&at, "subjects must contain at least one value"));
    }
    for (i, subject) in subjects.iter().enumerate() {
        errors.extend(subject::errors(&at.index(i), subject));
    }
    let list = |name: &str| meta::items(rule, &[name]);
    if list("resourceRules").is_empty() && list("nonResourceRules").is_empty() {
        let detail = "at least one of resourceRules and nonResourceRules has to be non-empty";
        errors.push(FieldError::required(path, detail));
    }
    for (i, rule) in list("resourceRules").iter().enumerate() {
        errors.extend(resource_errors(&path.child("resourceRules").index(i), rule));
    }
    for (i, rule) in list("nonResourceRules").iter().enumerate() {
        errors.extend(url_errors(&path.child("nonResourceRules").index(i), rule));
    }
    errors
}

/// A list of texts; nothing stands beside `*`.
struct List<'a> {
    path: Path,
    values: Vec<&'a str>,
}

impl<'a> List<'a> {
    fn of(path: &Path, rule: &'a Value, member: &str) -> Self {
        let values = meta::items(rule, &[member]).iter().filter_map(Value::as_str).collect();
        Self { path: path.child(member), values }
    }

    fn is_everything(&self) -> bool {
        self.values.contains(&"*")
    }

    /// What is wrong if the list is empty, or has more than `*`.
    fn errors(&self, missing: &str, what: &str) -> FieldErrors {
        if self.values.is_empty() {
            return vec![FieldError::required(&self.path, missing)];
        }
        if self.is_everything() && self.values.len() > 1 {
            let detail = format!("if '*' is present, must not specify other {what}");
            return vec![FieldError::invalid(&self.path, json!(self.values), &detail)];
        }
        FieldErrors::new()
    }
}

fn verb_errors(path: &Path, rule: &Value) -> FieldErrors {
    let verbs = List::of(path, rule, "verbs");
    let mut errors = verbs.errors("verbs must contain at least one value", "verbs");
    if !verbs.is_everything() && verbs.values.iter().any(|verb| !VERBS.contains(verb)) {
        errors.push(FieldError::not_supported(&verbs.path, json!(verbs.values), VERBS));
    }
    errors
}

fn resource_errors(path: &Path, rule: &Value) -> FieldErrors {
    let mut errors = verb_errors(path, rule);
    let groups = List::of(path, rule, "apiGroups");
    errors.extend(groups.errors("resource rules must supply at least one api group", "api groups"));
    let resources = List::of(path, rule, "resources");
    errors.extend(resources.errors("resource rules must supply at least one resource", "resources"));
    let namespaces = List::of(path, rule, "namespaces");
    let missing = "resource rules that are not cluster scoped must supply at least one namespace";
    if !(namespaces.values.is_empty() && check::boolean(rule, "clusterScope")) {
        errors.extend(namespaces.errors(missing, "namespaces"));
    }
    for (i, namespace) in namespaces.values.iter().enumerate().filter(|_| !namespaces.is_everything()) {
        errors.extend(check::rule(&namespaces.path.index(i), namespace, names::dns1123_label));
    }
    errors
}

fn url_errors(path: &Path, rule: &Value) -> FieldErrors {
    let mut errors = verb_errors(path, rule);
    let urls = List::of(path, rule, "nonResourceURLs");
    errors.extend(urls.errors("nonResourceURLs must contain at least one value", "non-resource URLs"));
    for (i, url) in urls.values.iter().enumerate().filter(|_| !urls.is_everything()) {
        let mut refuse = |applies: bool, detail: &str| {
            if applies {
                errors.push(FieldError::invalid(&urls.path.index(i), *url, detail));
            }
        };
        if url.is_empty() {
            refuse(true, "must not be empty");
            continue;
        }
        refuse(!url.starts_with('/'), "must start with slash");
        refuse(url.contains(' '), "must not contain white-space");
        refuse(url.contains("//"), "must not contain double slash");
        let stars = url.matches('*').count();
        refuse(stars > 1 || stars == 1 && !url.ends_with("/*"), "wildcard can only do suffix matching");
    }
    errors
}
