//! `Schema`: a structural schema, ready to prune, to fill in defaults and to validate.

use serde_json::Value;

use super::{members, node::Node, prune, values};
use crate::{
    object::{FieldErrors, GroupVersionKind, Path},
    schema::{CustomKind, Unstructural, custom_kind, fill_missing, fill_object},
};

/// The schema of a version of a custom kind, compiled once for all its objects.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The types of the kind's objects and lists.
    pub kind: CustomKind,
    root: Node,
}

impl Schema {
    /// Compiles an `openAPIV3Schema`. Without one objects may hold anything.
    pub fn compile(
        kind: &GroupVersionKind,
        list_kind: &GroupVersionKind,
        schema: Option<&Value>,
    ) -> Result<Self, Unstructural> {
        let root = schema.map(Node::compile).unwrap_or_default();
        Ok(Self { kind: custom_kind(kind, list_kind, schema)?, root })
    }

    /// Removes the fields that the schema does not declare. Returns their paths in order, those in the metadata of
    /// embedded resources last.
    pub fn prune(&self, object: &mut Value) -> Vec<String> {
        prune::prune(object, &self.kind.object)
    }

    /// Gives absent fields their defaults, and removes each `null` that is no value.
    pub fn default(&self, object: &mut Value) {
        fill_object(object, &self.kind.object);
    }

    /// As [`Schema::default`], but a `null` that is no value stays.
    pub fn fill(&self, object: &mut Value) {
        fill_missing(object, &self.kind.object);
    }

    /// What the schema's keywords find wrong with an object. Of an object that replaces an `old` one, parts that did
    /// not change are not reported.
    pub fn validate(&self, object: &Value, old: Option<&Value>) -> FieldErrors {
        values::errors(&self.root, object, old, None)
    }

    /// As [`Schema::validate`], for a write of the `status` alone.
    pub fn validate_status(&self, object: &Value, old: Option<&Value>) -> FieldErrors {
        let (Some(status), Some(node)) = (object.get("status"), self.root.property("status")) else {
            return FieldErrors::new();
        };
        let old = old.map(|old| old.get("status").unwrap_or(&Value::Null));
        values::errors(node, status, old, Some(&Path::new("status")))
    }

    /// What is wrong with the metadata of embedded resources.
    pub fn validate_embedded(&self, object: &Value) -> FieldErrors {
        members::embedded(&self.root, object, &Path::default())
    }

    /// Items that stand twice in lists that are sets or maps. They are accepted if the `old` object had some too.
    pub fn validate_lists(&self, object: &Value, old: Option<&Value>) -> FieldErrors {
        let errors = members::duplicates(&self.root, object);
        match old {
            Some(old) if !errors.is_empty() && !members::duplicates(&self.root, old).is_empty() => FieldErrors::new(),
            _ => errors,
        }
    }

    /// The checks of each value, which the rules of `x-kubernetes-validations` walk too.
    pub fn root(&self) -> &Node {
        &self.root
    }
}
