//! SelfSubjectRulesReview: asks what the caller may do in a namespace.

use super::{KindDef, Scope, Storage, Strategy, Verb};
use crate::object::GroupVersionKind;

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

impl Strategy for SelfSubjectRulesReview {}
