//! Secret: named configuration data that is not for everyone's eyes.

use super::{Column, Doc, FieldLabels, KindDef, Strategy};
use crate::object::{GroupVersionKind, meta};

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("", "v1", "Secret"),
    plural: "secrets",
    singular: "secret",
    message: "api.core.v1.Secret",
    columns: &[
        Column::NAME,
        Column::new("Type", Doc::Field("api.core.v1.Secret", "type")),
        Column::new("Data", Doc::Field("api.core.v1.Secret", "data")),
        Column::AGE,
    ],
    fields: &[("type", |secret| meta::text(secret, &["type"]).to_owned())],
    field_labels: FieldLabels::Converted,
    strategy: &Secret,
    ..KindDef::BASE
};

struct Secret;

impl Strategy for Secret {}
