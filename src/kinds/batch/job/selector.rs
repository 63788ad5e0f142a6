//! The labels by which a job finds its pods, unless its writer chooses them.

use serde_json::{Value, json};

use crate::kinds::rules::{check, go_struct};
use crate::object::{FieldError, FieldErrors, Path, meta, selector::LabelSelector};

const UID: &str = "batch.kubernetes.io/controller-uid";
const NAME: &str = "batch.kubernetes.io/job-name";
const OLD_UID: &str = "controller-uid";
const OLD_NAME: &str = "job-name";

/// Labels the template's pods with the job's name and uid, and selects the latter.
pub fn generate(object: &mut Value) {
    if is_manual(object) {
        return;
    }
    let (name, uid) = (meta::name(object).to_owned(), meta::uid(object).to_owned());
    // Labels that were taken from the template are its labels: what is added there is added here, too.
    let own = meta::at(object, &["metadata", "labels"]);
    let are_shared = own.is_some() && own == meta::at(object, &["spec", "template", "metadata", "labels"]);
    let spec = meta::map_mut(object, "spec");
    let template = spec.entry("template").or_insert_with(|| json!({}));
    let metadata = meta::map_mut(template, "metadata");
    let labels = meta::members_mut(metadata.entry("labels").or_insert_with(|| json!({})));
    for (key, value) in [(OLD_NAME, &name), (NAME, &name), (OLD_UID, &uid), (UID, &uid)] {
        labels.entry(key).or_insert_with(|| json!(value));
    }
    let shared = are_shared.then(|| labels.clone());
    let selector = spec.entry("selector").or_insert_with(|| json!({}));
    let labels = meta::map_mut(selector, "matchLabels");
    labels.entry(UID).or_insert_with(|| json!(uid));
    if let Some(labels) = shared {
        meta::metadata_mut(object).insert("labels".to_owned(), labels.into());
    }
}

/// Checks that what was to be generated is there, since the writer may have set something else.
pub fn errors(spec: &Path, object: &Value) -> FieldErrors {
    let selector = meta::at(object, &["spec", "selector"]).filter(|selector| !selector.is_null());
    let (false, Some(selector)) = (is_manual(object), selector) else { return FieldErrors::new() };
    let (name, uid) = (meta::name(object), meta::uid(object));
    let mut errors = FieldErrors::new();
    if uid.is_empty() {
        errors.push(FieldError::required(&Path::new("metadata").child("uid"), ""));
    }
    let expected = [(OLD_UID, uid), (OLD_NAME, name), (UID, uid), (NAME, name)];
    let labels = meta::map(object, &["spec", "template", "metadata", "labels"]);
    let path = spec.child("template").child("metadata").child("labels");
    for (key, value) in &expected {
        let detail = format!("must be '{value}'");
        match labels.and_then(|labels| labels.get(*key)) {
            None => errors.push(FieldError::required(&path.key(key), &detail)),
            Some(found) if found == value => {}
            Some(_) => {
                let shown = labels.map_or(Value::Null, go_struct::sorted);
                errors.push(FieldError::invalid(&path.key(key), shown, &detail));
            }
        }
    }
    let expected = expected.into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
    if LabelSelector::of_object(selector).is_ok_and(|selector| !selector.matches_map(Some(&expected))) {
        let path = spec.child("selector");
        errors.push(FieldError::invalid(&path, go_struct::selector(selector), "`selector` not auto-generated"));
    }
    errors
}

fn is_manual(object: &Value) -> bool {
    object.get("spec").is_some_and(|spec| check::boolean(spec, "manualSelector"))
}
