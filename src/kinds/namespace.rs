//! Namespace: a scope for names, with a life cycle of its own.

use super::{Action, Column, DeleteAnswer, Doc, FieldLabels, KindDef, NameRule, Scope, Strategy, Subresource, Verb};
use crate::object::{GroupVersionKind, meta};

const GVK: GroupVersionKind = GroupVersionKind::new("", "v1", "Namespace");

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GVK,
    plural: "namespaces",
    singular: "namespace",
    short_names: &["ns"],
    scope: Scope::Cluster,
    verbs: &[Verb::Create, Verb::Delete, Verb::Get, Verb::List, Verb::Patch, Verb::Update, Verb::Watch],
    subresources: &[
        Subresource { name: "finalize", gvk: GVK, verbs: &[Verb::Update], action: Action::Finalize },
        Subresource { name: "status", gvk: GVK, verbs: Verb::STATUS, action: Action::Status },
    ],
    message: "api.core.v1.Namespace",
    columns: &[Column::NAME, Column::new("Status", Doc::Text("The status of the namespace")), Column::AGE],
    fields: &[("status.phase", |namespace| meta::text(namespace, &["status", "phase"]).to_owned())],
    field_labels: FieldLabels::Converted,
    name_rule: NameRule::Label,
    delete_answer: DeleteAnswer::Object,
    has_status: true,
    strategy: &Namespace,
    ..KindDef::BASE
};

struct Namespace;

impl Strategy for Namespace {}
