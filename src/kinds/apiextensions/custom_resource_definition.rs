//! CustomResourceDefinition: an object that makes a kind.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use super::{conditions, defaults, naming, validation};
use crate::kinds::{Column, DeletionResult, Doc, Kind, KindDef, Moment, Scope, Strategy, Subresource, texts};
use crate::{
    object::{FieldErrors, GroupVersionKind, meta},
    text::time::rfc3339,
};

const GVK: GroupVersionKind = GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
const METADATA: &str = "apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The definition of definitions.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "customresourcedefinitions".into(),
        singular: "customresourcedefinition".into(),
        short_names: texts(["crd", "crds"]),
        categories: texts(["api-extensions"]),
        scope: Scope::Cluster,
        subresources: vec![Subresource::status(GVK)],
        schema: "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition".into(),
        columns: vec![Column::NAME, Column::new("Created At", Doc::Field(METADATA, "creationTimestamp")).date()],
        cells: Arc::new(|object, _| {
            vec![meta::name(object).into(), meta::text(object, &["metadata", "creationTimestamp"]).into()]
        }),
        any_finalizer: true,
        unconditional_update: false,
        deletion_result: DeletionResult::Object,
        has_generation: true,
        has_status: true,
        strategy: Arc::new(Definition),
        ..KindDef::default()
    })
});

struct Definition;

impl Strategy for Definition {
    fn default(&self, object: &mut Value) {
        defaults::fill(object);
    }

    fn prepare_for_create(&self, object: &mut Value, _now: Moment) {
        object["status"] = json!({"conditions": null, "acceptedNames": {"plural": "", "kind": ""}});
        defaults::note_storage_version(object);
    }

    fn prepare_for_update(&self, object: &mut Value, _old: &Value) {
        defaults::note_storage_version(object);
    }

    fn name_problems(&self, object: &Value) -> Vec<String> {
        validation::name_problems(object)
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        validation::errors(object)
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        validation::warnings(object)
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        validation::update_errors(object, old)
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> FieldErrors {
        validation::status_errors(object)
    }

    /// The instances go first: the definition stays until its finalizer is taken away.
    fn begin_deletion(&self, object: &Value, now: Moment) -> Option<Value> {
        if meta::is_deleting(object) {
            return None;
        }
        let mut object = object.clone();
        naming::add_finalizer(&mut object);
        meta::metadata_mut(&mut object).insert("deletionTimestamp".into(), rfc3339(now).into());
        conditions::set(&mut object, &conditions::DELETION_PENDING, now);
        Some(object)
    }
}
