//! Binding: assigns a pod to a node. It is never stored.

use std::sync::LazyLock;

use crate::kinds::{Kind, KindDef, Storage, Verb, pod};
use crate::object::GroupVersionKind;

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("", "v1", "Binding"),
        plural: "bindings".into(),
        singular: "binding".into(),
        verbs: vec![Verb::Create],
        schema: "api.core.v1.Binding".into(),
        storage: Storage::RequestTo { kind: pod::DEF.clone(), subresource: "binding".into() },
        ..KindDef::default()
    })
});
