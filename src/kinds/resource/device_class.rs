//! DeviceClass: a kind of devices that claims may ask for.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::{config, selector};
use crate::kinds::{Check, DeletionResult, Kind, KindDef, Scope, Strategy, rules::resources::is_extended};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("resource.k8s.io", "v1", "DeviceClass"),
        plural: "deviceclasses".into(),
        singular: "deviceclass".into(),
        scope: Scope::Cluster,
        schema: "api.resource.v1.DeviceClass".into(),
        deletion_result: DeletionResult::Object,
        has_generation: true,
        strategy: Arc::new(DeviceClass),
        ..KindDef::default()
    })
});

struct DeviceClass;

impl Strategy for DeviceClass {
    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::MetadataChange, Check::Object]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let path = Path::new("spec");
        let mut errors = selector::errors(&path.child("selectors"), meta::items(object, &["spec", "selectors"]));
        let (at, configs) = (path.child("config"), meta::items(object, &["spec", "config"]));
        if configs.len() > config::CONFIGS_MAX {
            errors.push(FieldError::too_many(&at, configs.len(), config::CONFIGS_MAX));
        }
        for (i, config) in configs.iter().take(config::CONFIGS_MAX).enumerate() {
            errors.extend(config::errors(&at.index(i), config));
        }
        let name = meta::at(object, &["spec", "extendedResourceName"]).and_then(Value::as_str);
        if let Some(name) = name.filter(|name| !is_extended(name)) {
            let path = path.child("extendedResourceName");
            errors.push(FieldError::invalid(&path, name, "must be a valid extended resource name"));
        }
        errors
    }

    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        object.get("spec") != old.get("spec")
    }
}
