//! SubjectAccessReview: asks whether somebody may do something.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::self_subject_access_review::{answer, attribute_errors, metadata_errors};
use crate::kinds::{Authority, Kind, KindDef, Scope, Storage, Strategy, Verb};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, User, meta, status::Result};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("authorization.k8s.io", "v1", "SubjectAccessReview"),
        plural: "subjectaccessreviews".into(),
        singular: "subjectaccessreview".into(),
        scope: Scope::Cluster,
        verbs: vec![Verb::Create],
        schema: "api.authorization.v1.SubjectAccessReview".into(),
        storage: Storage::Nothing,
        strategy: Arc::new(SubjectAccessReview),
        ..KindDef::default()
    })
});

struct SubjectAccessReview;

impl Strategy for SubjectAccessReview {
    fn review(&self, object: &mut Value, authority: &dyn Authority) -> Result<()> {
        let mut errors = attribute_errors(object);
        errors.extend(subject_errors(object));
        errors.extend(metadata_errors(object));
        let user = subject(object);
        answer(object, &DEF, authority, &user, errors)
    }
}

/// The user that a review asks about.
pub fn subject(object: &Value) -> User {
    let texts = |list: &[Value]| list.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
    let extra = meta::map(object, &["spec", "extra"]).into_iter().flatten();
    User {
        name: meta::text(object, &["spec", "user"]).to_owned(),
        uid: meta::text(object, &["spec", "uid"]).to_owned(),
        groups: texts(meta::items(object, &["spec", "groups"])),
        extra: extra.map(|(key, values)| (key.clone(), texts(meta::items(values, &[])))).collect(),
    }
}

/// A review has to say about whom it asks.
pub fn subject_errors(object: &Value) -> FieldErrors {
    let user = meta::text(object, &["spec", "user"]);
    if !user.is_empty() || !meta::items(object, &["spec", "groups"]).is_empty() {
        return FieldErrors::new();
    }
    vec![FieldError::invalid(&Path::new("spec").child("user"), user, "at least one of user or group must be specified")]
}
