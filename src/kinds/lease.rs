//! Lease: who holds something, and until when.

use super::{Column, Doc, KindDef, Strategy};
use crate::object::GroupVersionKind;

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("coordination.k8s.io", "v1", "Lease"),
    plural: "leases",
    singular: "lease",
    message: "api.coordination.v1.Lease",
    columns: &[
        Column::NAME,
        Column::new("Holder", Doc::Field("api.coordination.v1.LeaseSpec", "holderIdentity")),
        Column::AGE,
    ],
    create_on_update: true,
    unconditional_update: false,
    strategy: &Lease,
    ..KindDef::BASE
};

struct Lease;

impl Strategy for Lease {}
