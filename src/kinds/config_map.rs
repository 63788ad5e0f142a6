//! ConfigMap: named configuration data.

use super::{Column, Doc, KindDef, Strategy};
use crate::object::GroupVersionKind;

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("", "v1", "ConfigMap"),
    plural: "configmaps",
    singular: "configmap",
    short_names: &["cm"],
    message: "api.core.v1.ConfigMap",
    columns: &[
        Column::NAME,
        Column::new("Data", Doc::Field("api.core.v1.ConfigMap", "data")),
        Column::AGE,
    ],
    strategy: &ConfigMap,
    ..KindDef::BASE
};

struct ConfigMap;

impl Strategy for ConfigMap {}
