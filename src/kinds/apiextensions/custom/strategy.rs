//! What is done to instances of a custom kind when they are written.

use std::sync::Arc;

use serde_json::Value;

use super::scale;
use crate::{
    kinds::{Check, Findings, Strategy, SubresourceStrategy, rules::same::same},
    object::{FieldErrors, meta},
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

    /// What was applied has been merged along the types, and is not decoded once more: its nulls stay.
    fn default_applied(&self, object: &mut Value) {
        self.schema.fill(object);
    }

    fn create_checks(&self) -> &'static [Check] {
        &[Check::Type, Check::Metadata, Check::Object]
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Type, Check::MetadataChange, Check::Change]
    }

    /// Rules that an unchanged value breaks are told, and not refused.
    fn check(&self, object: &Value, old: Option<&Value>) -> Option<Findings> {
        let mut errors = self.schema.validate(object, old);
        if let Some(paths) = &self.scale {
            errors.extend(paths.errors(object));
        }
        errors.extend(self.schema.validate_embedded(object));
        errors.extend(self.schema.validate_lists(object, old));
        let warnings = self.schema.validate_rules(object, old, &mut errors);
        Some(Findings { errors, warnings })
    }

    fn validate_status(&self, object: &Value, old: &Value) -> FieldErrors {
        let mut errors = self.schema.validate_status(object, Some(old));
        errors.extend(self.schema.validate_lists(object, Some(old)));
        self.schema.validate_rules(object, Some(old), &mut errors);
        errors
    }

    /// Whatever is not metadata counts, and so does a status that has no subresource.
    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        let names = [object, old].into_iter().filter_map(Value::as_object).flat_map(|members| members.keys());
        let counts = |name: &&String| *name != "metadata" && !(self.has_status && *name == "status");
        let mut names = names.filter(counts);
        names.any(|name| !same(object.get(name), old.get(name)))
    }
}

/// A write of the status alone: everything else stays, metadata too.
pub struct StatusOnly;

impl SubresourceStrategy for StatusOnly {
    fn prepare(&self, _kind: &dyn Strategy, object: &mut Value, old: &Value) {
        let mut kept = old.clone();
        let managers = meta::at(object, &["metadata", "managedFields"]).cloned().unwrap_or_default();
        meta::set(meta::metadata_mut(&mut kept), "managedFields", managers);
        let status = object.get("status").cloned();
        let members = meta::members_mut(&mut kept);
        match status {
            Some(status) => members.insert("status".to_owned(), status),
            None => members.shift_remove("status"),
        };
        members.sort_keys();
        *object = kept;
    }

    fn validate(&self, kind: &dyn Strategy, object: &Value, old: &Value) -> FieldErrors {
        kind.validate_status(object, old)
    }

    fn warnings(&self, kind: &dyn Strategy, object: &Value, _old: &Value) -> Vec<String> {
        kind.status_warnings(object)
    }

    fn reset_fields(&self, _kind: &dyn Strategy) -> &'static [&'static [&'static str]] {
        &[&["metadata"], &["spec"]]
    }
}
