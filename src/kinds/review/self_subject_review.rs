//! SelfSubjectReview: asks who the caller is.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use crate::kinds::{Authority, Kind, KindDef, Scope, Storage, Strategy, Verb};
use crate::object::{GroupVersionKind, status::Result};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("authentication.k8s.io", "v1", "SelfSubjectReview"),
        plural: "selfsubjectreviews".into(),
        singular: "selfsubjectreview".into(),
        scope: Scope::Cluster,
        verbs: vec![Verb::Create],
        schema: "api.authentication.v1.SelfSubjectReview".into(),
        storage: Storage::Nothing,
        strategy: Arc::new(SelfSubjectReview),
        ..KindDef::default()
    })
});

struct SelfSubjectReview;

impl Strategy for SelfSubjectReview {
    fn review(&self, object: &mut Value, authority: &dyn Authority) -> Result<()> {
        object["status"] = json!({"userInfo": authority.user().to_value()});
        Ok(())
    }
}
