//! Ingress: HTTP routes to Services.

use super::{Action, Column, Doc, KindDef, Strategy, Subresource, Verb};
use crate::object::GroupVersionKind;

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("networking.k8s.io", "v1", "Ingress"),
    plural: "ingresses",
    singular: "ingress",
    message: "api.networking.v1.Ingress",
    columns: &[
        Column::NAME,
        Column::new("Class", Doc::Text("The name of the IngressClass resource that should be used for additional configuration")),
        Column::new("Hosts", Doc::Text("Hosts that incoming requests are matched against before the ingress rule")),
        Column::new("Address", Doc::Text("Address is a list containing ingress points for the load-balancer")),
        Column::new("Ports", Doc::Text("Ports of TLS configurations that open")),
        Column::AGE,
    ],
    short_names: &["ing"],
    subresources: &[Subresource {
        name: "status",
        gvk: GroupVersionKind::new("networking.k8s.io", "v1", "Ingress"),
        verbs: Verb::STATUS,
        action: Action::Status,
    }],
    has_generation: true,
    has_status: true,
    strategy: &Ingress,
    ..KindDef::BASE
};

struct Ingress;

impl Strategy for Ingress {}
