//! LocalSubjectAccessReview: asks whether somebody may do something in a namespace.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::{
    self_subject_access_review::{answer, attribute_errors},
    subject_access_review::{subject, subject_errors},
};
use crate::kinds::{Authority, Kind, KindDef, Storage, Strategy, Verb};
use crate::object::{FieldError, GroupVersionKind, Path, Status, meta, status::Result};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("authorization.k8s.io", "v1", "LocalSubjectAccessReview"),
        plural: "localsubjectaccessreviews".into(),
        singular: "localsubjectaccessreview".into(),

        verbs: vec![Verb::Create],
        schema: "api.authorization.v1.LocalSubjectAccessReview".into(),
        storage: Storage::Nothing,
        strategy: Arc::new(LocalSubjectAccessReview),
        ..KindDef::default()
    })
});

struct LocalSubjectAccessReview;

impl Strategy for LocalSubjectAccessReview {
    fn review(&self, object: &mut Value, authority: &dyn Authority) -> Result<()> {
        let namespace = meta::namespace(object);
        let asked = meta::text(object, &["spec", "resourceAttributes", "namespace"]);
        let mut errors = attribute_errors(object);
        errors.extend(subject_errors(object));
        let path = Path::new("spec");
        if meta::at(object, &["spec", "nonResourceAttributes"]).is_some_and(|value| !value.is_null()) {
            let detail = "disallowed on this kind of request";
            errors.push(FieldError::invalid(&path.child("nonResourceAttributes"), Value::Null, detail));
        } else if asked != namespace {
            return Err(Status::bad_request(format!(
                "spec.resourceAttributes.namespace must match namespace: {namespace}"
            )));
        }
        let user = subject(object);
        answer(object, &DEF, authority, &user, errors)
    }
}
