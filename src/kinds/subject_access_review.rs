//! SubjectAccessReview: asks whether somebody may do something.

use super::{KindDef, Scope, Storage, Strategy, Verb};
use crate::object::GroupVersionKind;

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("authorization.k8s.io", "v1", "SubjectAccessReview"),
    plural: "subjectaccessreviews",
    singular: "subjectaccessreview",
    scope: Scope::Cluster,
    verbs: &[Verb::Create],
    message: "api.authorization.v1.SubjectAccessReview",
    storage: Storage::Nothing,
    strategy: &SubjectAccessReview,
    ..KindDef::BASE
};

struct SubjectAccessReview;

impl Strategy for SubjectAccessReview {}
