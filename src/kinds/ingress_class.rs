//! IngressClass: which controller serves an Ingress.

use super::{Column, Doc, KindDef, Scope, Strategy};
use crate::object::GroupVersionKind;

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("networking.k8s.io", "v1", "IngressClass"),
    plural: "ingressclasses",
    singular: "ingressclass",
    message: "api.networking.v1.IngressClass",
    columns: &[
        Column::NAME,
        Column::new("Controller", Doc::Text("Controller that is responsible for handling this class")),
        Column::new("Parameters", Doc::Text("A reference to a resource with additional parameters")),
        Column::AGE,
    ],
    scope: Scope::Cluster,
    has_generation: true,
    strategy: &IngressClass,
    ..KindDef::BASE
};

struct IngressClass;

impl Strategy for IngressClass {}
