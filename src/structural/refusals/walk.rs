//! `Walk`: where in a schema a check is, and what it found.

use serde_json::Value;

use crate::object::{FieldError, FieldErrors, Path};

/// Where in a schema a check is, and what it found.
pub struct Walk {
    path: String,
    pub errors: FieldErrors,
}

impl Walk {
    /// A walk that starts at this path.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_string(), errors: FieldErrors::new() }
    }

    /// Does something one step deeper: `.items`, `.properties[a]`.
    pub fn below<T>(&mut self, step: &str, visit: impl FnOnce(&mut Self) -> T) -> T {
        let end = self.path.len();
        self.path.push_str(step);
        let found = visit(self);
        self.path.truncate(end);
        found
    }

    /// The place itself.
    pub fn here(&self) -> Path {
        Path::new(&self.path)
    }

    /// The place of a member of the schema.
    pub fn at(&self, name: &str) -> Path {
        self.here().child(name)
    }

    /// A member is missing.
    pub fn required(&mut self, name: &str, why: &str) {
        self.errors.push(FieldError::required(&self.at(name), why));
    }

    /// A member must not be there.
    pub fn forbidden(&mut self, name: &str, why: &str) {
        self.errors.push(FieldError::forbidden(&self.at(name), why));
    }

    /// A member has a wrong value.
    pub fn invalid(&mut self, name: &str, value: impl Into<Value>, why: &str) {
        self.errors.push(FieldError::invalid(&self.at(name), value, why));
    }

    /// A member has a value that is none of those that are known.
    pub fn unsupported(&mut self, name: &str, value: &str, known: &[&str]) {
        self.errors.push(FieldError::not_supported(&self.at(name), value, known));
    }
}

/// A text of a schema, empty if it is not given.
pub fn text<'a>(schema: &'a Value, name: &str) -> &'a str {
    schema.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a flag of a schema is set.
pub fn flag(schema: &Value, name: &str) -> bool {
    schema.get(name) == Some(&Value::Bool(true))
}

/// A schema in a schema.
pub fn schema<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    schema.get(name).filter(|found| found.is_object())
}

/// A list of schemas in a schema.
pub fn schemas<'a>(schema: &'a Value, name: &str) -> &'a [Value] {
    schema.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Named schemas in a schema, by name.
pub fn named<'a>(schema: &'a Value, name: &str) -> Vec<(&'a String, &'a Value)> {
    let members = schema.get(name).and_then(Value::as_object);
    let mut members: Vec<_> = members.into_iter().flatten().collect();
    members.sort_unstable_by_key(|(name, _)| *name);
    members
}

/// Whether a schema says something of the members of maps: `additionalProperties` is a schema or a flag.
pub fn has_values(schema: &Value) -> bool {
    schema.get("additionalProperties").is_some_and(|values| !values.is_null())
}

/// Texts in a list.
pub fn texts<'a>(schema: &'a Value, name: &str) -> impl Iterator<Item = &'a str> {
    schemas(schema, name).iter().filter_map(Value::as_str)
}
