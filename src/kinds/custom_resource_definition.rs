//! CustomResourceDefinition: can be looked for, and none is ever there.
//!
//! Clients that meet a kind they do not know list the definitions before they give up; without this kind they would
//! blame the server instead of the manifest.

use std::sync::LazyLock;

use super::{Kind, KindDef, Scope, Verb, texts};
use crate::object::GroupVersionKind;

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition"),
        plural: "customresourcedefinitions".into(),
        singular: "customresourcedefinition".into(),
        short_names: texts(["crd", "crds"]),
        categories: texts(["api-extensions"]),
        scope: Scope::Cluster,
        verbs: vec![Verb::Get, Verb::List, Verb::Watch],
        schema: "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition".into(),
        ..KindDef::default()
    })
});
