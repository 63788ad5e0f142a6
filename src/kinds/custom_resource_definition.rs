//! CustomResourceDefinition: can be looked for, and none is ever there.
//!
//! Clients that meet a kind they do not know list the definitions before they give up; without this kind they would
//! blame the server instead of the manifest.

use super::{KindDef, Scope, Verb};
use crate::object::GroupVersionKind;

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition"),
    plural: "customresourcedefinitions",
    singular: "customresourcedefinition",
    short_names: &["crd", "crds"],
    categories: &["api-extensions"],
    scope: Scope::Cluster,
    verbs: &[Verb::Get, Verb::List, Verb::Watch],
    message: "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
    ..KindDef::BASE
};
