//! What an update of a volume may not change.

use serde_json::Value;

use super::layout::{NODE_AFFINITY, SOURCE};
use crate::kinds::{
    pod::warnings::renamed_label,
    rules::{
        check, diff, fill,
        go_struct::{indented, lay_out},
        same::same,
    },
};
use crate::object::{FieldError, FieldErrors, Path, meta};

/// Checks a change.
pub fn errors(object: &Value, old: &Value) -> FieldErrors {
    let null = Value::Null;
    let (mut new, before) = (object.get("spec").cloned().unwrap_or_default(), old.get("spec").unwrap_or(&null));
    let mut errors = FieldErrors::new();
    let secret = |spec: &Value| meta::at(spec, &["csi", "controllerExpandSecretRef"]).is_some();
    if check::given(before, "csi").is_some() && !secret(before) && secret(&new) {
        // It may be set later, once.
        fill::inside(meta::members_mut(&mut new), "csi", |csi| {
            csi.shift_remove("controllerExpandSecretRef");
        });
    }
    let (now, then) = (lay_out(&new, SOURCE), lay_out(before, SOURCE));
    if !same(Some(&now), Some(&then)) {
        let diff = diff::unified(&indented(&then), &indented(&now));
        let path = Path::new("spec").child("persistentvolumesource");
        errors.push(FieldError::forbidden(&path, &format!("{path} is immutable after creation\n{diff}")));
    }
    errors.extend(check::immutable(&Path::new("volumeMode"), new.get("volumeMode"), before.get("volumeMode")));
    if let Some(affinity) = check::given(before, "nodeAffinity") {
        errors.extend(affinity_error(new.get("nodeAffinity").unwrap_or(&null), affinity));
    }
    let class = |spec: &Value| check::given(spec, "volumeAttributesClassName").is_some();
    if class(before) && !class(&new) {
        let path = Path::new("spec").child("volumeAttributesClassName");
        errors.push(FieldError::forbidden(&path, "update from non-nil value to nil is forbidden"));
    }
    errors
}

/// Nodes stay the same, but labels may get their names of today.
fn affinity_error(new: &Value, old: &Value) -> Option<FieldError> {
    let (mut before, mut after) = (old.clone(), new.clone());
    rename(&mut before);
    rename(&mut after);
    if same(Some(&before), Some(&after)) && (same(Some(new), Some(old)) || !has_old_labels(new)) {
        return None;
    }
    let shown = if new.is_null() { Value::Null } else { lay_out(new, NODE_AFFINITY) };
    let detail = "field is immutable, except for updating from beta label to GA";
    Some(FieldError::invalid(&Path::new("nodeAffinity"), shown, detail))
}

fn rename(affinity: &mut Value) {
    each_key(affinity, &mut |key| {
        if let Some(new) = renamed_label(key) {
            new.clone_into(key);
        }
    });
}

fn has_old_labels(affinity: &Value) -> bool {
    let mut found = false;
    each_key(&mut affinity.clone(), &mut |key| found |= renamed_label(key).is_some());
    found
}

fn each_key(affinity: &mut Value, visit: &mut dyn FnMut(&mut String)) {
    let terms = affinity.pointer_mut("/required/nodeSelectorTerms").and_then(Value::as_array_mut);
    for term in terms.into_iter().flatten().filter_map(Value::as_object_mut) {
        fill::each(term, "matchExpressions", |expression| {
            if let Some(Value::String(key)) = expression.get_mut("key") {
                visit(key);
            }
        });
    }
}
