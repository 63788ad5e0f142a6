//! Binding: assigns a pod to a node. It is never stored.

use std::sync::{Arc, LazyLock};

use crate::kinds::{Kind, KindDef, Storage, Strategy, Verb};
use crate::object::GroupVersionKind;

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("", "v1", "Binding"),
        plural: "bindings".into(),
        singular: "binding".into(),
        verbs: vec![Verb::Create],
        message: "api.core.v1.Binding".into(),
        storage: Storage::Nothing,
        strategy: Arc::new(Binding),
        ..KindDef::default()
    })
});

struct Binding;

impl Strategy for Binding {}
