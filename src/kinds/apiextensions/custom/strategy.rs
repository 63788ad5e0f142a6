//! What is done to instances of a custom kind when they are written.

use std::sync::Arc;

use serde_json::Value;

use super::scale;
use crate::{
    kinds::{Check, Strategy, model::strategy::keep_all_but_status, rules::same::same},
    object::FieldErrors,
    structural::Schema,
};

/// The strategy of one version.
pub struct Instances {
    pub schema: Arc<Schema>,
    pub has_status: bool,
    pub scale: Option<Arc<scale::Paths>>,
}

impl Strategy for Instances {
    fn default(&self, object: &mut Value) {
        self.schema.default(object);
    }

    fn create_checks(&self) -> &'static [Check] {
        &[Check::Type, Check::Metadata, Check::Object]
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Type, Check::MetadataChange, Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        self.errors(object, None)
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        self.errors(object, Some(old))
    }

    fn prepare_for_status(&self, object: &mut Value, old: &Value) {
        keep_all_but_status(object, old);
    }

    fn validate_status(&self, object: &Value, old: &Value) -> FieldErrors {
        self.schema.validate_status(object, Some(old))
    }

    /// Whatever is not metadata counts, and so does a status that has no subresource.
    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        let names = [object, old].into_iter().filter_map(Value::as_object).flat_map(|members| members.keys());
        let counts = |name: &&String| *name != "metadata" && !(self.has_status && *name == "status");
        let mut names = names.filter(counts);
        names.any(|name| !same(object.get(name), old.get(name)))
    }
}

impl Instances {
    fn errors(&self, object: &Value, old: Option<&Value>) -> FieldErrors {
        let mut errors = self.schema.validate(object, old);
        if let Some(paths) = &self.scale {
            errors.extend(paths.errors(object));
        }
        errors.extend(self.schema.validate_embedded(object));
        errors.extend(self.schema.validate_lists(object, old));
        errors
    }
}
