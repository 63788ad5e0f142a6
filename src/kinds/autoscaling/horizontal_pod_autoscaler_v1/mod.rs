//! The autoscaling/v1 form of a HorizontalPodAutoscaler: a view of the v2 object.

mod convert;
mod metric;

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::horizontal_pod_autoscaler as v2;
use crate::kinds::{Kind, KindDef, Renaming, Storage, Strategy, Subresource, rules::fill, texts};
use crate::object::{FieldErrors, GroupVersionKind, meta};

const GVK: GroupVersionKind = GroupVersionKind::new("autoscaling", "v1", "HorizontalPodAutoscaler");

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "horizontalpodautoscalers".into(),
        singular: "horizontalpodautoscaler".into(),
        short_names: texts(["hpa"]),
        categories: texts(["all"]),
        subresources: vec![Subresource::status(GVK)],
        schema: "api.autoscaling.v1.HorizontalPodAutoscaler".into(),
        columns: v2::columns(),
        cells: Arc::new(|object, now| (v2::DEF.cells)(&convert::to_stored(object.clone()), now)),
        storage: Storage::VersionOf(v2::DEF.clone()),
        conversion: Some(Arc::new(Renaming { from_stored: convert::from_stored, to_stored: convert::to_stored })),
        has_status: true,
        strategy: Arc::new(HorizontalPodAutoscaler),
        ..KindDef::default()
    })
});

struct HorizontalPodAutoscaler;

impl Strategy for HorizontalPodAutoscaler {
    fn default(&self, object: &mut Value) {
        fill::null(meta::map_mut(object, "spec"), "minReplicas", 1);
    }

    /// What the stored form fills in is seen in this one, too.
    fn canonicalize(&self, object: &mut Value) {
        let mut stored = convert::to_stored(std::mem::take(object));
        v2::DEF.strategy.default(&mut stored);
        *object = convert::from_stored(stored);
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let mut stored = convert::to_stored(object.clone());
        v2::DEF.strategy.default(&mut stored);
        v2::DEF.strategy.validate(&stored)
    }

    fn validate_status(&self, object: &Value, old: &Value) -> FieldErrors {
        v2::DEF.strategy.validate_status(&convert::to_stored(object.clone()), &convert::to_stored(old.clone()))
    }
}
