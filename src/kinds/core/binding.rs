//! Binding: assigns a pod to a node. It is never stored.

use crate::kinds::{KindDef, Storage, Strategy, Verb};
use crate::object::GroupVersionKind;

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("", "v1", "Binding"),
    plural: "bindings",
    singular: "binding",
    verbs: &[Verb::Create],
    message: "api.core.v1.Binding",
    storage: Storage::Nothing,
    strategy: &Binding,
    ..KindDef::BASE
};

struct Binding;

impl Strategy for Binding {}
