//! What is wrong with an object's `metadata`: the rules of every kind, and those that a kind's own checks add.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::ip;
use crate::{
    kinds::{KindDef, NameRule},
    object::{
        FieldError, FieldErrors, Path, meta, names,
        well_known::{ANNOTATIONS_BYTES_MAX, FOREGROUND_DELETION, ORPHAN, STANDARD_FINALIZERS},
    },
    text::go_quote,
};

/// Bytes that errors about several controllers may have together: each of them shows all owners.
const CONTROLLER_ERRORS_BYTES_MAX: usize = 1024 * 1024;

/// What every kind's new objects must satisfy, whatever the kind checks itself.
pub fn any_object(object: &Value, kind: &KindDef) -> FieldErrors {
    object_errors(object, kind, NameRule::PathSegment)
}

/// What every kind's updates must satisfy, whatever the kind checks itself.
pub fn any_update(object: &Value, old: &Value, kind: &KindDef) -> FieldErrors {
    let mut errors = any_object(object, kind);
    errors.extend(change_errors(object, old));
    errors
}

/// What a kind checks of the metadata of one object, new or updated.
pub fn of_object(object: &Value, kind: &KindDef) -> FieldErrors {
    let mut errors = object_errors(object, kind, kind.name_rule);
    errors.extend(unqualified_finalizers(object, kind));
    errors
}

/// What a kind checks of the metadata of an object and its predecessor.
pub fn of_change(object: &Value, old: &Value, kind: &KindDef) -> FieldErrors {
    let mut errors = change_errors(object, old);
    errors.extend(unqualified_finalizers(object, kind));
    errors
}

fn object_errors(object: &Value, kind: &KindDef, rule: NameRule) -> FieldErrors {
    let path = Path::new("metadata");
    let mut errors = FieldErrors::new();
    let (name, generate_name) = (meta::name(object), meta::text(object, &["metadata", "generateName"]));
    let is_free = rule == kind.name_rule && kind.any_generate_name;
    for problem in generate_name_problems(generate_name, rule).into_iter().filter(|_| !is_free) {
        errors.push(FieldError::invalid(&path.child("generateName"), generate_name, &problem));
    }
    if name.is_empty() {
        errors.push(FieldError::required(&path.child("name"), "name or generateName is required"));
    } else {
        let mut problems = name_problems(name, rule);
        if rule == kind.name_rule {
            problems.extend(kind.strategy.name_problems(object));
        }
        errors.extend(problems.iter().map(|p| FieldError::invalid(&path.child("name"), name, p)));
    }
    let namespace = meta::namespace(object);
    if !kind.is_namespaced() {
        if !namespace.is_empty() {
            errors.push(FieldError::forbidden(&path.child("namespace"), "not allowed on this type"));
        }
    } else if namespace.is_empty() {
        errors.push(FieldError::required(&path.child("namespace"), ""));
    } else {
        let problems = names::dns1123_label(namespace);
        errors.extend(problems.iter().map(|p| FieldError::invalid(&path.child("namespace"), namespace, p)));
    }
    if let Some(generation) = meta::at(object, &["metadata", "generation"]).and_then(Value::as_i64).filter(|g| *g < 0) {
        errors.push(FieldError::invalid(&path.child("generation"), generation, "must be greater than or equal to 0"));
    }
    common_errors(object, &path, &mut errors);
    finalizer_errors(object, &path.child("finalizers"), &mut errors);
    errors
}

fn change_errors(object: &Value, old: &Value) -> FieldErrors {
    let path = Path::new("metadata");
    let mut errors = FieldErrors::new();
    errors.extend(late_finalizers(object, old, &path.child("finalizers")));
    let fields = ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"];
    for field in fields {
        let (new, stored) = (meta::at(object, &["metadata", field]), meta::at(old, &["metadata", field]));
        if new != stored {
            let absent = if matches!(field, "name" | "namespace" | "uid") { json!("") } else { Value::Null };
            let shown = new.cloned().unwrap_or(absent);
            errors.push(FieldError::invalid(&path.child(field), shown, "field is immutable"));
        }
    }
    common_errors(object, &path, &mut errors);
    errors
}

/// An object that is being deleted gets no more finalizers.
fn late_finalizers(object: &Value, old: &Value, path: &Path) -> Option<FieldError> {
    if !meta::is_deleting(old) {
        return None;
    }
    let known: HashSet<_> = meta::finalizers(old).into_iter().collect();
    let added: Vec<_> = meta::finalizers(object).into_iter().filter(|name| !known.contains(name)).collect();
    let list: Vec<_> = added.iter().map(|name| go_quote(name)).collect();
    let detail = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
        list.join(", ")
    );
    (!added.is_empty()).then(|| FieldError::forbidden(path, &detail))
}

fn name_problems(name: &str, rule: NameRule) -> Vec<String> {
    match rule {
        NameRule::Subdomain => names::dns1123_subdomain(name),
        NameRule::Label => names::dns1123_label(name),
        NameRule::PathSegment => names::path_segment(name),
        NameRule::Ip => ip::name(name),
    }
}

/// A prefix is checked like a name, except that it may end in dashes that the suffix will follow.
fn generate_name_problems(prefix: &str, rule: NameRule) -> Vec<String> {
    match rule {
        _ if prefix.is_empty() => Vec::new(),
        NameRule::PathSegment => names::path_segment_prefix(prefix),
        NameRule::Ip => ip::name(prefix),
        NameRule::Subdomain | NameRule::Label => name_problems(&names::masked_prefix(prefix), rule),
    }
}

fn common_errors(object: &Value, path: &Path, errors: &mut FieldErrors) {
    let entries = |name| meta::map(object, &["metadata", name]);
    errors.extend(entries("labels").into_iter().flat_map(|entries| labels(&path.child("labels"), entries)));
    let found = entries("annotations").into_iter();
    errors.extend(found.flat_map(|entries| annotations(&path.child("annotations"), entries)));
    owner_errors(object, &path.child("ownerReferences"), errors);
}

/// What is wrong with labels.
pub fn labels(path: &Path, entries: &meta::Object) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (key, value) in entries {
        errors.extend(names::qualified_name(key).iter().map(|p| FieldError::invalid(path, key.as_str(), p)));
        let value = value.as_str().unwrap_or_default();
        errors.extend(names::label_value(value).iter().map(|p| FieldError::invalid(path, value, p)));
    }
    errors
}

/// What is wrong with annotations.
pub fn annotations(path: &Path, entries: &meta::Object) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut bytes = 0;
    for (key, value) in entries {
        let problems = names::qualified_name(&key.to_lowercase());
        errors.extend(problems.iter().map(|p| FieldError::invalid(path, key.as_str(), p)));
        bytes += key.len() + value.as_str().unwrap_or_default().len();
    }
    if bytes > ANNOTATIONS_BYTES_MAX {
        errors.push(FieldError::too_long(path, ANNOTATIONS_BYTES_MAX));
    }
    errors
}

fn owner_errors(object: &Value, path: &Path, errors: &mut FieldErrors) {
    let owners = meta::items(object, &["metadata", "ownerReferences"]);
    let mut controller: Option<String> = None;
    let mut bytes = 0;
    for owner in owners {
        let member = |name| meta::text(owner, &[name]);
        let api_version = member("apiVersion");
        if version(api_version).is_empty() {
            errors.push(FieldError::invalid(&path.child("apiVersion"), api_version, "version must not be empty"));
        }
        for name in ["kind", "name", "uid"] {
            if member(name).is_empty() {
                errors.push(FieldError::invalid(&path.child(name), "", "must not be empty"));
            }
        }
        if api_version == "v1" && member("kind") == "Event" {
            let detail = "/v1, Kind=Event is disallowed from being an owner";
            errors.push(FieldError::invalid(path, owner.clone(), detail));
        }
        if owner.get("controller").and_then(Value::as_bool) != Some(true) {
            continue;
        }
        let this = format!("{}/{}", member("kind"), member("name"));
        match &controller {
            None => controller = Some(this),
            Some(first) if bytes < CONTROLLER_ERRORS_BYTES_MAX => {
                let detail = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {this}"
                );
                let error = FieldError::invalid(path, owners.to_vec(), &detail);
                bytes += error.message.len();
                errors.push(error);
            }
            Some(_) => {}
        }
    }
}

/// The version in an `apiVersion`; a malformed one has none.
fn version(api_version: &str) -> &str {
    match api_version.split('/').collect::<Vec<_>>()[..] {
        [version] | [_, version] => version,
        _ => "",
    }
}

fn finalizer_errors(object: &Value, path: &Path, errors: &mut FieldErrors) {
    let finalizers = meta::finalizers(object);
    for finalizer in &finalizers {
        errors.extend(names::qualified_name(finalizer).iter().map(|p| FieldError::invalid(path, *finalizer, p)));
    }
    if finalizers.contains(&ORPHAN) && finalizers.contains(&FOREGROUND_DELETION) {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.push(FieldError::invalid(path, json!(finalizers), detail));
    }
}

fn unqualified_finalizers(object: &Value, kind: &KindDef) -> FieldErrors {
    if kind.any_finalizer {
        return FieldErrors::new();
    }
    let path = Path::new("metadata").child("finalizers");
    let detail = "name is neither a standard finalizer name nor is it fully qualified";
    let finalizers = meta::finalizers(object).into_iter().enumerate();
    let unqualified = finalizers.filter(|(_, name)| !name.contains('/') && !STANDARD_FINALIZERS.contains(name));
    unqualified.map(|(i, name)| FieldError::invalid(&path.index(i), name, detail)).collect()
}
