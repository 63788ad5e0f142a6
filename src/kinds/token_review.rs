//! TokenReview: asks whose token this is.

use serde_json::{Value, json};

use super::{KindDef, Scope, Storage, Strategy, Verb};
use crate::object::{GroupVersionKind, Status, meta, status::Result};

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("authentication.k8s.io", "v1", "TokenReview"),
    plural: "tokenreviews",
    singular: "tokenreview",
    scope: Scope::Cluster,
    verbs: &[Verb::Create],
    message: "api.authentication.v1.TokenReview",
    storage: Storage::Nothing,
    strategy: &TokenReview,
    ..KindDef::BASE
};

struct TokenReview;

impl Strategy for TokenReview {
    fn review(&self, object: &mut Value, _user: &Value) -> Result<()> {
        if meta::text(object, &["spec", "token"]).is_empty() {
            return Err(Status::bad_request("token is required for TokenReview in authentication"));
        }
        // Nobody is known by a token here.
        object["status"] = json!({"user": {}, "error": "invalid bearer token"});
        Ok(())
    }
}
