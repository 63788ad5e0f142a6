//! `ObjectMeta`: what the server sets, what it restores, and what it refuses.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::rfc3339;
use crate::{
    kinds::{KindDef, NameRule, rules::ip},
    object::{
        FieldError, FieldErrors, Path, meta, names,
        well_known::{ANNOTATIONS_BYTES_MAX, FOREGROUND_DELETION, ORPHAN, STANDARD_FINALIZERS},
    },
    text::go_quote,
};

/// Clears what a client may not set on a new object.
pub fn wipe(object: &mut Value) {
    let metadata = meta::metadata_mut(object);
    for name in ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        metadata.shift_remove(name);
    }
}

/// Gives a new object its identity.
pub fn stamp(object: &mut Value, def: &KindDef, uid: String, now: Timestamp) {
    let metadata = meta::metadata_mut(object);
    metadata.insert("uid".into(), uid.into());
    metadata.insert("creationTimestamp".into(), rfc3339(now).into());
    if def.has_generation {
        metadata.insert("generation".into(), json!(1));
    }
}

/// Restores on an update what only the server changes.
pub fn restore(object: &mut Value, old: &Value) {
    let stored = old.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    let metadata = meta::metadata_mut(object);
    let keep = |metadata: &mut Map<String, Value>, name: &str| {
        meta::set(metadata, name, stored.get(name).cloned().unwrap_or(Value::Null));
    };
    metadata.shift_remove("selfLink");
    keep(metadata, "generation");
    keep(metadata, "creationTimestamp");
    if !metadata.contains_key("uid") {
        keep(metadata, "uid");
    }
    if stored.contains_key("deletionTimestamp") {
        keep(metadata, "deletionTimestamp");
    }
    if stored.contains_key("deletionGracePeriodSeconds") && !metadata.contains_key("deletionGracePeriodSeconds") {
        keep(metadata, "deletionGracePeriodSeconds");
    }
}

/// Removes repeated owner references and says so, as a `Warning` text.
pub fn dedup_owners(object: &mut Value) -> Option<String> {
    let owners = meta::metadata_mut(object).get_mut("ownerReferences")?.as_array_mut()?;
    let (mut kept, mut repeated): (Vec<Value>, Vec<String>) = (Vec::new(), Vec::new());
    for owner in owners.drain(..) {
        if kept.contains(&owner) {
            repeated.push(meta::text(&owner, &["uid"]).to_owned());
        } else {
            kept.push(owner);
        }
    }
    *owners = kept;
    repeated.dedup();
    (!repeated.is_empty()).then(|| {
        format!(
            ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may \
             reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
            repeated.join(", ")
        )
    })
}

/// Checks a new object's metadata.
pub fn validate(object: &Value, def: &KindDef) -> FieldErrors {
    let path = Path::new("metadata");
    let mut errors = FieldErrors::new();
    let (name, generate_name) = (meta::name(object), meta::text(object, &["metadata", "generateName"]));
    for problem in generate_name_problems(generate_name, def.name_rule) {
        errors.push(FieldError::invalid(&path.child("generateName"), generate_name, &problem));
    }
    if name.is_empty() {
        errors.push(FieldError::required(&path.child("name"), "name or generateName is required"));
    } else {
        let problems = name_problems(name, def.name_rule);
        errors.extend(problems.iter().map(|p| FieldError::invalid(&path.child("name"), name, p)));
    }
    if def.is_namespaced() {
        let namespace = meta::namespace(object);
        if namespace.is_empty() {
            errors.push(FieldError::required(&path.child("namespace"), ""));
        } else {
            let problems = names::dns1123_label(namespace);
            errors.extend(problems.iter().map(|p| FieldError::invalid(&path.child("namespace"), namespace, p)));
        }
    }
    if let Some(generation) = meta::at(object, &["metadata", "generation"]).and_then(Value::as_i64).filter(|g| *g < 0) {
        errors.push(FieldError::invalid(&path.child("generation"), generation, "must be greater than or equal to 0"));
    }
    validate_common(object, &path, &mut errors);
    validate_finalizers(object, &path, &mut errors);
    errors
}

/// Checks an update's metadata against the stored object.
pub fn validate_update(object: &Value, old: &Value) -> FieldErrors {
    let path = Path::new("metadata");
    let mut errors = FieldErrors::new();
    if meta::is_deleting(old) {
        let known = meta::finalizers(old);
        let added: Vec<_> = meta::finalizers(object).into_iter().filter(|f| !known.contains(f)).collect();
        if !added.is_empty() {
            let list: Vec<_> = added.iter().map(|f| go_quote(f)).collect();
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                list.join(", ")
            );
            errors.push(FieldError::forbidden(&path.child("finalizers"), &detail));
        }
    }
    let fields = ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"];
    for field in fields {
        let (new, stored) = (meta::at(object, &["metadata", field]), meta::at(old, &["metadata", field]));
        if new != stored {
            let shown = new.cloned().unwrap_or(Value::Null);
            errors.push(FieldError::invalid(&path.child(field), shown, "field is immutable"));
        }
    }
    validate_common(object, &path, &mut errors);
    errors
}

/// Whether a name fits in a URL path, which every kind's names must.
pub fn validate_path_segment(object: &Value) -> FieldErrors {
    let path = Path::new("metadata").child("name");
    let name = meta::name(object);
    names::path_segment(name).iter().map(|p| FieldError::invalid(&path, name, p)).collect()
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
    if prefix.is_empty() {
        return Vec::new();
    }
    name_problems(&names::masked_prefix(prefix), rule)
}

fn validate_common(object: &Value, path: &Path, errors: &mut FieldErrors) {
    for (key, value) in meta::map(object, &["metadata", "labels"]).into_iter().flatten() {
        let labels = path.child("labels");
        errors.extend(names::qualified_name(key).iter().map(|p| FieldError::invalid(&labels, key.as_str(), p)));
        let value = value.as_str().unwrap_or_default();
        errors.extend(names::label_value(value).iter().map(|p| FieldError::invalid(&labels, value, p)));
    }
    let annotations = path.child("annotations");
    let mut bytes = 0;
    for (key, value) in meta::map(object, &["metadata", "annotations"]).into_iter().flatten() {
        let problems = names::qualified_name(&key.to_lowercase());
        errors.extend(problems.iter().map(|p| FieldError::invalid(&annotations, key.as_str(), p)));
        bytes += key.len() + value.as_str().unwrap_or_default().len();
    }
    if bytes > ANNOTATIONS_BYTES_MAX {
        errors.push(FieldError::too_long(&annotations, ANNOTATIONS_BYTES_MAX));
    }
    validate_owners(object, &path.child("ownerReferences"), errors);
}

fn validate_owners(object: &Value, path: &Path, errors: &mut FieldErrors) {
    let mut controller: Option<String> = None;
    for owner in meta::items(object, &["metadata", "ownerReferences"]) {
        let member = |name| meta::text(owner, &[name]);
        let api_version = member("apiVersion");
        if api_version.is_empty() {
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
        if owner.get("controller").and_then(Value::as_bool) == Some(true) {
            let this = format!("{}/{}", member("kind"), member("name"));
            if let Some(first) = &controller {
                let detail = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {this}"
                );
                errors.push(FieldError::invalid(path, owner.clone(), &detail));
            } else {
                controller = Some(this);
            }
        }
    }
}

fn validate_finalizers(object: &Value, path: &Path, errors: &mut FieldErrors) {
    let path = path.child("finalizers");
    let finalizers = meta::finalizers(object);
    for (index, finalizer) in finalizers.iter().enumerate() {
        let problems = names::qualified_name(finalizer);
        errors.extend(problems.iter().map(|p| FieldError::invalid(&path, *finalizer, p)));
        if !finalizer.contains('/') && !STANDARD_FINALIZERS.contains(finalizer) {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            errors.push(FieldError::invalid(&path.index(index), *finalizer, detail));
        }
    }
    if finalizers.contains(&ORPHAN) && finalizers.contains(&FOREGROUND_DELETION) {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.push(FieldError::invalid(&path, json!(finalizers), detail));
    }
}
