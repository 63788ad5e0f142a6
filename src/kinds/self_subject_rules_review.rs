//! SelfSubjectRulesReview: asks what the caller may do in a namespace.

use serde_json::{Value, json};

use super::{KindDef, Scope, Storage, Strategy, Verb};
use crate::object::{GroupVersionKind, Status, meta, status::Result};

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("authorization.k8s.io", "v1", "SelfSubjectRulesReview"),
    plural: "selfsubjectrulesreviews",
    singular: "selfsubjectrulesreview",
    scope: Scope::Cluster,
    verbs: &[Verb::Create],
    message: "api.authorization.v1.SelfSubjectRulesReview",
    storage: Storage::Nothing,
    strategy: &SelfSubjectRulesReview,
    ..KindDef::BASE
};

struct SelfSubjectRulesReview;

impl Strategy for SelfSubjectRulesReview {
    fn review(&self, object: &mut Value, _user: &Value) -> Result<()> {
        if meta::text(object, &["spec", "namespace"]).is_empty() {
            return Err(Status::bad_request("no namespace on request"));
        }
        // The authorization mode is AlwaysAllow: everybody may do everything.
        object["status"] = json!({
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
            "incomplete": false,
        });
        Ok(())
    }
}
