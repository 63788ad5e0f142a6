//! EndpointSlice: a part of the addresses behind a Service.

use super::{Column, Doc, KindDef, Strategy};
use crate::object::GroupVersionKind;

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("discovery.k8s.io", "v1", "EndpointSlice"),
    plural: "endpointslices",
    singular: "endpointslice",
    message: "api.discovery.v1.EndpointSlice",
    columns: &[
        Column::NAME,
        Column::new("AddressType", Doc::Field("api.discovery.v1.EndpointSlice", "addressType")),
        Column::new("Ports", Doc::Field("api.discovery.v1.EndpointSlice", "ports")),
        Column::new("Endpoints", Doc::Field("api.discovery.v1.EndpointSlice", "endpoints")),
        Column::AGE,
    ],
    has_generation: true,
    strategy: &EndpointSlice,
    ..KindDef::BASE
};

struct EndpointSlice;

impl Strategy for EndpointSlice {}
