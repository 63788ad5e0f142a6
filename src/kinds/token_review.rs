//! TokenReview: asks whose token this is.

use super::{KindDef, Scope, Storage, Strategy, Verb};
use crate::object::GroupVersionKind;

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

impl Strategy for TokenReview {}
