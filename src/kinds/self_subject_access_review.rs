//! SelfSubjectAccessReview: asks whether the caller may do something.

use super::{KindDef, Scope, Storage, Strategy, Verb};
use crate::object::GroupVersionKind;

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("authorization.k8s.io", "v1", "SelfSubjectAccessReview"),
    plural: "selfsubjectaccessreviews",
    singular: "selfsubjectaccessreview",
    scope: Scope::Cluster,
    verbs: &[Verb::Create],
    message: "api.authorization.v1.SelfSubjectAccessReview",
    storage: Storage::Nothing,
    strategy: &SelfSubjectAccessReview,
    ..KindDef::BASE
};

struct SelfSubjectAccessReview;

impl Strategy for SelfSubjectAccessReview {}
