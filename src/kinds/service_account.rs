//! ServiceAccount: an identity for programs.

use super::{Action, Column, DeleteAnswer, Doc, KindDef, Strategy, Subresource, Verb};
use crate::object::GroupVersionKind;

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("", "v1", "ServiceAccount"),
    plural: "serviceaccounts",
    singular: "serviceaccount",
    message: "api.core.v1.ServiceAccount",
    columns: &[
        Column::NAME,
        Column::new("Secrets", Doc::Field("api.core.v1.ServiceAccount", "secrets")),
        Column::AGE,
    ],
    short_names: &["sa"],
    subresources: &[Subresource {
        name: "token",
        gvk: GroupVersionKind::new("authentication.k8s.io", "v1", "TokenRequest"),
        verbs: &[Verb::Create],
        action: Action::Token,
    }],
    delete_answer: DeleteAnswer::Object,
    strategy: &ServiceAccount,
    ..KindDef::BASE
};

struct ServiceAccount;

impl Strategy for ServiceAccount {}
