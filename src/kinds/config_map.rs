//! ConfigMap: named configuration data.

use super::{KindDef, Strategy};
use crate::object::GroupVersionKind;

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("", "v1", "ConfigMap"),
    plural: "configmaps",
    singular: "configmap",
    short_names: &["cm"],
    message: "api.core.v1.ConfigMap",
    strategy: &ConfigMap,
    ..KindDef::BASE
};

struct ConfigMap;

impl Strategy for ConfigMap {}
