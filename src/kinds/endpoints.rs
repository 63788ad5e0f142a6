//! Endpoints: all addresses behind a Service in one object.

use super::{Column, Doc, KindDef, Strategy};
use crate::object::GroupVersionKind;

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("", "v1", "Endpoints"),
    plural: "endpoints",
    singular: "endpoints",
    short_names: &["ep"],
    message: "api.core.v1.Endpoints",
    columns: &[
        Column::NAME,
        Column::new("Endpoints", Doc::Field("api.core.v1.Endpoints", "subsets")),
        Column::AGE,
    ],
    create_on_update: true,
    deprecation: Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"),
    strategy: &Endpoints,
    ..KindDef::BASE
};

struct Endpoints;

impl Strategy for Endpoints {}
