//! The parts of a definition's versions. What all versions share kube-apiserver's internal form has once, and errors
//! about it are told there.

use serde_json::Value;

use crate::object::{FieldErrors, Path, meta};
use crate::structural::{refusals, unrecognized_formats};
use crate::text::go_quote;

/// The versions of a definition, part by part.
pub struct Parts<'a> {
    /// `spec`.
    pub spec: &'a Value,
    /// `spec.versions`.
    pub versions: &'a [Value],
    /// The `openAPIV3Schema` of each.
    pub schemas: Part<'a>,
    /// The `subresources` of each.
    pub subresources: Part<'a>,
    /// The `additionalPrinterColumns` of each.
    pub columns: Part<'a>,
    /// The `selectableFields` of each.
    pub selectable_fields: Part<'a>,
}

/// One part of each version.
pub struct Part<'a> {
    values: Vec<Option<&'a Value>>,
    is_shared: bool,
}

/// A schema and where errors about it are told.
pub struct Schema<'a> {
    schema: &'a Value,
    path: Path,
    has_status: bool,
}

impl<'a> Parts<'a> {
    /// The parts of a definition.
    pub fn of(definition: &'a Value) -> Self {
        let versions = meta::items(definition, &["spec", "versions"]);
        let part = |path: &[&str]| Part::new(versions.iter().map(|version| meta::at(version, path)).collect());
        Self {
            spec: definition.get("spec").unwrap_or(&Value::Null),
            versions,
            schemas: part(&["schema", "openAPIV3Schema"]),
            subresources: part(&["subresources"]),
            columns: part(&["additionalPrinterColumns"]),
            selectable_fields: part(&["selectableFields"]),
        }
    }

    /// The schema that all versions share.
    pub fn shared_schema(&self) -> Option<Schema<'a>> {
        let path = Path::new("spec").child("validation").child("openAPIV3Schema");
        let has_status = (0..self.versions.len()).any(|index| self.has_status(index));
        Some(Schema { schema: self.schemas.shared()?, path, has_status })
    }

    /// The schema of one version, if it is not that of all.
    pub fn own_schema(&self, index: usize) -> Option<Schema<'a>> {
        let path = Path::new("spec").child("versions").index(index).child("schema").child("openAPIV3Schema");
        Some(Schema { schema: self.schemas.own(index)?, path, has_status: self.has_status(index) })
    }

    /// All schemas, a shared one once.
    pub fn schemas(&self) -> impl Iterator<Item = Schema<'a>> {
        let own = (0..self.versions.len()).filter_map(|index| self.own_schema(index));
        self.shared_schema().into_iter().chain(own.collect::<Vec<_>>())
    }

    fn has_status(&self, index: usize) -> bool {
        let subresources = self.subresources.of(index).and_then(|subresources| subresources.get("status"));
        subresources.is_some_and(|status| !status.is_null())
    }
}

impl<'a> Part<'a> {
    fn new(values: Vec<Option<&'a Value>>) -> Self {
        let values: Vec<_> = values.into_iter().map(|value| value.filter(|value| !is_nothing(value))).collect();
        let is_shared = values.windows(2).all(|pair| pair[0] == pair[1]);
        Self { values, is_shared }
    }

    /// What all versions share.
    pub fn shared(&self) -> Option<&'a Value> {
        if self.is_shared { self.values.first().copied().flatten() } else { None }
    }

    /// What one version has that not all have.
    pub fn own(&self, index: usize) -> Option<&'a Value> {
        if self.is_shared { None } else { self.of(index) }
    }

    /// What one version has.
    pub fn of(&self, index: usize) -> Option<&'a Value> {
        self.values.get(index).copied().flatten()
    }
}

impl Schema<'_> {
    /// What is wrong with it.
    pub fn errors(&self) -> FieldErrors {
        refusals(self.schema, &self.path, self.has_status)
    }

    /// What a client is told although it is accepted.
    pub fn warnings(&self) -> Vec<String> {
        let formats = unrecognized_formats(self.schema);
        formats.iter().map(|format| format!("unrecognized format {}", go_quote(format))).collect()
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
