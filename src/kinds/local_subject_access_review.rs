//! LocalSubjectAccessReview: asks whether somebody may do something in a namespace.

use super::{KindDef, Storage, Strategy, Verb};
use crate::object::GroupVersionKind;

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("authorization.k8s.io", "v1", "LocalSubjectAccessReview"),
    plural: "localsubjectaccessreviews",
    singular: "localsubjectaccessreview",
    
    verbs: &[Verb::Create],
    message: "api.authorization.v1.LocalSubjectAccessReview",
    storage: Storage::Nothing,
    strategy: &LocalSubjectAccessReview,
    ..KindDef::BASE
};

struct LocalSubjectAccessReview;

impl Strategy for LocalSubjectAccessReview {}
