//! TokenReview: asks whose token this is.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use crate::kinds::{Authority, Kind, KindDef, Scope, Storage, Strategy, Verb};
use crate::object::{GroupVersionKind, Status, meta, status::Result};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("authentication.k8s.io", "v1", "TokenReview"),
        plural: "tokenreviews".into(),
        singular: "tokenreview".into(),
        scope: Scope::Cluster,
        verbs: vec![Verb::Create],
        schema: "api.authentication.v1.TokenReview".into(),
        storage: Storage::Nothing,
        strategy: Arc::new(TokenReview),
        ..KindDef::default()
    })
});

struct TokenReview;

impl Strategy for TokenReview {
    fn review(&self, object: &mut Value, authority: &dyn Authority) -> Result<()> {
        let token = meta::text(object, &["spec", "token"]);
        if token.is_empty() {
            return Err(Status::bad_request("token is required for TokenReview in authentication"));
        }
        let audiences = meta::items(object, &["spec", "audiences"]).iter().filter_map(Value::as_str);
        let audiences: Vec<String> = audiences.map(str::to_owned).collect();
        object["status"] = match authority.owner(token, &audiences) {
            Ok(owner) => json!({"authenticated": true, "user": owner.user.to_value(), "audiences": owner.audiences}),
            Err(why) => json!({"user": {}, "error": why}),
        };
        Ok(())
    }
}
