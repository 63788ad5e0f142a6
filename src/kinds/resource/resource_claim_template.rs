//! ResourceClaimTemplate: what claims are made from, one for each pod.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::{claim_spec, layout::CLAIM_SPEC};
use crate::kinds::{
    DeletionResult, Kind, KindDef, Strategy,
    rules::{
        fill,
        go_struct::{lay_out, sorted},
        same::same,
    },
};
use crate::object::{
    FieldError, FieldErrors, GroupVersionKind, Path,
    meta::{self, Object},
};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("resource.k8s.io", "v1", "ResourceClaimTemplate"),
        plural: "resourceclaimtemplates".into(),
        singular: "resourceclaimtemplate".into(),
        schema: "api.resource.v1.ResourceClaimTemplate".into(),
        deletion_result: DeletionResult::Object,
        strategy: Arc::new(ResourceClaimTemplate),
        ..KindDef::default()
    })
});

/// What the metadata of claims does not take from a template, each by the name that errors give it.
const REFUSED: [(&str, &str); 12] = [
    ("name", "name"),
    ("generateName", "generateName"),
    ("namespace", "namespace"),
    ("selfLink", "selfLink"),
    ("uid", "uID"),
    ("resourceVersion", "resourceVersion"),
    ("generation", "generation"),
    ("creationTimestamp", "creationTimestamp"),
    ("deletionTimestamp", "deletionTimestamp"),
    ("deletionGracePeriodSeconds", "deletionGracePeriodSeconds"),
    ("ownerReferences", "ownerReferences"),
    ("finalizers", "finalizers"),
];

struct ResourceClaimTemplate;

impl Strategy for ResourceClaimTemplate {
    fn default(&self, object: &mut Value) {
        fill::inside(meta::map_mut(object, "spec"), "spec", claim_spec::default);
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let (path, null) = (Path::new("spec"), Value::Null);
        let metadata = meta::map(object, &["spec", "metadata"]);
        let given = |name: &str| metadata.and_then(|metadata| metadata.get(name)).is_some_and(|value| !value.is_null());
        let refused = REFUSED.into_iter().filter(|(name, _)| given(name));
        let at = path.child("metadata");
        let mut errors: FieldErrors =
            refused.map(|(_, shown)| FieldError::forbidden(&at.child(shown), "cannot be set")).collect();
        let spec = meta::at(object, &["spec", "spec"]).unwrap_or(&null);
        errors.extend(claim_spec::errors(&path.child("spec"), spec));
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let (new, before) = (shown(object), shown(old));
        let changed = !same(Some(&new), Some(&before));
        let mut errors = self.validate(object);
        errors.extend(changed.then(|| FieldError::invalid(&Path::new("spec"), new, "field is immutable")));
        errors
    }
}

/// The spec as an error shows it.
fn shown(object: &Value) -> Value {
    let mut shown = Object::new();
    for (name, value) in meta::map(object, &["spec", "metadata"]).into_iter().flatten() {
        let value = value.as_object().map_or_else(|| value.clone(), sorted);
        shown.insert(name.clone(), value);
    }
    let spec = meta::at(object, &["spec", "spec"]).unwrap_or(&Value::Null);
    shown.insert("Spec".to_owned(), lay_out(spec, CLAIM_SPEC));
    Value::Object(shown)
}
