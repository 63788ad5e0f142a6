//! How what a check found is counted and told.

use std::collections::HashSet;

use serde_json::Value;

use super::{Checker, old::Old};
use crate::{
    object::{FieldError, FieldErrors, Path, field::show},
    text::{go_json, go_quote},
};

/// What a check found.
#[derive(Debug, Default)]
pub struct Outcome {
    errors: FieldErrors,
    /// How many checks were made and passed. Of alternatives that all fail, the errors of the one with the most are
    /// told.
    pub matches: usize,
    /// Whether the value is known to differ from the one that it replaces.
    is_changed: bool,
}

impl Outcome {
    /// Whether nothing is wrong.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    /// Adds an error.
    pub fn add(&mut self, error: FieldError) {
        self.errors.push(error);
    }

    /// Counts checks that were made.
    pub fn matched(&mut self, checks: usize) {
        self.matches += checks;
    }

    /// Adds what another check found.
    pub fn merge(&mut self, other: Self) {
        self.matches += other.matches;
        self.is_changed |= other.is_changed;
        if self.errors.is_empty() {
            self.errors = other.errors;
        } else {
            self.errors.extend(other.errors);
        }
    }

    /// Drops the errors if the value did not change. Values are compared at most once, since one that holds a changed
    /// value is changed too.
    pub fn forgive(&mut self, value: &Value, old: &Old<'_>) {
        if self.is_changed || old.value != value {
            self.is_changed = true;
        } else {
            self.errors.clear();
        }
    }

    /// The errors, each once.
    pub fn into_errors(self) -> FieldErrors {
        if self.errors.len() < 2 {
            return self.errors;
        }
        let mut known = HashSet::with_capacity(self.errors.len());
        let first: Vec<bool> =
            self.errors.iter().map(|error| known.insert((error.path.to_string(), error.message.clone()))).collect();
        self.errors.into_iter().zip(first).filter_map(|(error, is_first)| is_first.then_some(error)).collect()
    }
}

impl Checker<'_> {
    /// `Required value`.
    pub(super) fn required(&self) -> FieldError {
        FieldError::required(&self.at(), "")
    }

    /// `Invalid value`, with a text about the path.
    pub(super) fn invalid(&self, value: &Value, text: &str) -> FieldError {
        self.invalid_plain(value, &format!("{} in body {text}", self.path))
    }

    /// `Invalid value` with any text.
    pub(super) fn invalid_plain(&self, value: &Value, text: &str) -> FieldError {
        self.error("FieldValueInvalid", format!("Invalid value: {}: {text}", show(value)))
    }

    /// A value of another type or format, which is told instead of the value.
    pub(super) fn wrong_type(&self, wanted: &str, found: &str) -> FieldError {
        let found = go_quote(found);
        let text = format!("Invalid value: {found}: {} in body must be of type {wanted}: {found}", self.path);
        self.error("FieldValueTypeInvalid", text)
    }

    /// `Too many`, for items as for members.
    pub(super) fn too_many(&self, found: i64, max: i64) -> FieldError {
        let plural = if max == 1 { "" } else { "s" };
        self.error("FieldValueTooMany", format!("Too many: {found}: must have at most {max} item{plural}"))
    }

    /// `Too long`. The limit is called bytes, though characters are counted.
    pub(super) fn too_long(&self, max: i64) -> FieldError {
        let plural = if max == 1 { "" } else { "s" };
        self.error("FieldValueTooLong", format!("Too long: may not be more than {max} byte{plural}"))
    }

    /// `Unsupported value`.
    pub(super) fn unsupported(&self, value: &Value, supported: &[Value]) -> FieldError {
        let supported = supported.iter().map(|value| match value {
            Value::String(text) => go_quote(text),
            other => go_quote(&go_json(other)),
        });
        let supported: Vec<_> = supported.collect();
        let text = format!("Unsupported value: {}: supported values: {}", show(value), supported.join(", "));
        self.error("FieldValueNotSupported", text)
    }

    /// An error that belongs to no field of its own.
    pub(super) fn unplaced(&self, text: &str) -> FieldError {
        let path = self.field.cloned().unwrap_or_else(|| Path::new("<nil>"));
        FieldError { path, reason: "FieldValueInvalid", message: format!("Invalid value: \"\": {text}") }
    }

    fn error(&self, reason: &'static str, message: String) -> FieldError {
        FieldError { path: self.at(), reason, message }
    }

    /// The field at which the check is.
    fn at(&self) -> Path {
        match (self.path.strip_prefix('.').unwrap_or(&self.path), self.field) {
            ("", None) => Path::new("<nil>"),
            ("", Some(field)) => field.clone(),
            (path, None) => Path::new(path),
            (path, Some(field)) => field.child(path),
        }
    }
}
