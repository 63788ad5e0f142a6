//! Structural schemas.

use serde_json::Value;

use crate::{
    object::{FieldErrors, GroupVersionKind},
    schema::{CustomKind, Unstructural, custom_kind, fill_object},
};

/// The schema of a version.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The types of the kind's objects and lists.
    pub kind: CustomKind,
}

impl Schema {
    /// Compiles.
    pub fn compile(
        kind: &GroupVersionKind,
        list_kind: &GroupVersionKind,
        schema: Option<&Value>,
    ) -> Result<Self, Unstructural> {
        Ok(Self { kind: custom_kind(kind, list_kind, schema)? })
    }

    /// Prunes.
    pub fn prune(&self, _object: &mut Value) -> Vec<String> {
        Vec::new()
    }

    /// Fills in.
    pub fn default(&self, object: &mut Value) {
        fill_object(object, &self.kind.object);
    }

    /// Validates.
    pub fn validate(&self, _object: &Value, _old: Option<&Value>) -> FieldErrors {
        FieldErrors::new()
    }

    /// Validates.
    pub fn validate_status(&self, _object: &Value, _old: Option<&Value>) -> FieldErrors {
        FieldErrors::new()
    }

    /// Validates.
    pub fn validate_embedded(&self, _object: &Value) -> FieldErrors {
        FieldErrors::new()
    }

    /// Validates.
    pub fn validate_lists(&self, _object: &Value, _old: Option<&Value>) -> FieldErrors {
        FieldErrors::new()
    }
}
