//! SelfSubjectReview: asks who the caller is.

use serde_json::{Value, json};

use crate::kinds::{Authority, KindDef, Scope, Storage, Strategy, Verb};
use crate::object::{GroupVersionKind, status::Result};

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("authentication.k8s.io", "v1", "SelfSubjectReview"),
    plural: "selfsubjectreviews",
    singular: "selfsubjectreview",
    scope: Scope::Cluster,
    verbs: &[Verb::Create],
    message: "api.authentication.v1.SelfSubjectReview",
    storage: Storage::Nothing,
    strategy: &SelfSubjectReview,
    ..KindDef::BASE
};

struct SelfSubjectReview;

impl Strategy for SelfSubjectReview {
    fn review(&self, object: &mut Value, authority: &dyn Authority) -> Result<()> {
        object["status"] = json!({"userInfo": authority.user().to_value()});
        Ok(())
    }
}
