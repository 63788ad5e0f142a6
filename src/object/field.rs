//! Field paths and the errors validation reports at them, in `k8s.io/apimachinery`'s `field.Error` form.

use std::{collections::HashSet, fmt};

use serde_json::Value;

use super::status::Cause;
use crate::text::{go_json, go_print, go_quote};

/// Where in an object something is: `spec.ports[0].port`, `metadata.annotations[a/b]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// A path that starts at this field.
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The field below this one.
    pub fn child(&self, name: &str) -> Self {
        if self.0.is_empty() { Self::new(name) } else { Self(format!("{}.{name}", self.0)) }
    }

    /// The list item at this index.
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// The map entry with this key.
    pub fn key(&self, key: &str) -> Self {
        Self(format!("{}[{key}]", self.0))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What validation found, in the order it was found.
pub type FieldErrors = Vec<FieldError>;

/// One thing wrong at one field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// The field.
    pub path: Path,
    /// The cause's `reason`, e.g. `FieldValueInvalid`.
    pub reason: &'static str,
    /// The text after the path, e.g. `Invalid value: 0: must be between 1 and 65535, inclusive`.
    pub message: String,
}

impl FieldError {
    /// `Required value`.
    pub fn required(path: &Path, detail: &str) -> Self {
        Self::plain(path, "FieldValueRequired", "Required value", detail)
    }

    /// `Forbidden`.
    pub fn forbidden(path: &Path, detail: &str) -> Self {
        Self::plain(path, "FieldValueForbidden", "Forbidden", detail)
    }

    /// `Too long`, in bytes.
    pub fn too_long(path: &Path, max_bytes: usize) -> Self {
        Self::plain(path, "FieldValueTooLong", "Too long", &format!("may not be more than {max_bytes} bytes"))
    }

    /// `Invalid value`.
    pub fn invalid(path: &Path, value: impl Into<Value>, detail: &str) -> Self {
        Self::valued(path, "FieldValueInvalid", "Invalid value", &value.into(), detail)
    }

    /// `Invalid value`, where the value is not shown.
    pub fn invalid_whole(path: &Path, detail: &str) -> Self {
        Self::plain(path, "FieldValueInvalid", "Invalid value", detail)
    }

    /// `Unsupported value`; the supported ones are printed in the order given.
    pub fn not_supported(path: &Path, value: impl Into<Value>, supported: &[&str]) -> Self {
        let quoted: Vec<_> = supported.iter().map(|s| go_quote(s)).collect();
        let detail = format!("supported values: {}", quoted.join(", "));
        Self::valued(path, "FieldValueNotSupported", "Unsupported value", &value.into(), &detail)
    }

    /// `Duplicate value`.
    pub fn duplicate(path: &Path, value: impl Into<Value>) -> Self {
        Self::valued(path, "FieldValueDuplicate", "Duplicate value", &value.into(), "")
    }

    /// `Not found`.
    pub fn not_found(path: &Path, value: impl Into<Value>) -> Self {
        Self::valued(path, "FieldValueNotFound", "Not found", &value.into(), "")
    }

    /// `Too many`, printing the count found.
    pub fn too_many(path: &Path, found: usize, max: usize) -> Self {
        let detail = format!("must have at most {max} items");
        Self::valued(path, "FieldValueTooMany", "Too many", &Value::from(found), &detail)
    }

    /// `Internal error`.
    pub fn internal(path: &Path, detail: &str) -> Self {
        Self::plain(path, "InternalError", "Internal error", detail)
    }

    fn plain(path: &Path, reason: &'static str, prefix: &str, detail: &str) -> Self {
        let message = if detail.is_empty() { prefix.to_owned() } else { format!("{prefix}: {detail}") };
        Self { path: path.clone(), reason, message }
    }

    fn valued(path: &Path, reason: &'static str, prefix: &str, value: &Value, detail: &str) -> Self {
        let shown = show(value);
        let message =
            if detail.is_empty() { format!("{prefix}: {shown}") } else { format!("{prefix}: {shown}: {detail}") };
        Self { path: path.clone(), reason, message }
    }

    /// The cause a `Status` carries for this error.
    pub fn cause(&self) -> Cause {
        Cause { reason: self.reason.to_owned(), message: self.message.clone(), field: self.path.to_string() }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Several errors as one text: the only one bare, several in brackets, repeated ones once.
pub fn aggregate(errors: &[FieldError]) -> String {
    let mut known = HashSet::with_capacity(errors.len());
    let texts = errors.iter().map(FieldError::to_string);
    let mut texts: Vec<String> = texts.filter(|text| known.insert(text.clone())).collect();
    if texts.len() == 1 { texts.remove(0) } else { format!("[{}]", texts.join(", ")) }
}

/// A value as errors show it: strings are quoted, everything else that is no number is compact JSON.
pub fn show(value: &Value) -> String {
    match value {
        Value::String(text) => go_quote(text),
        Value::Number(_) => go_print(value),
        other => go_json(other),
    }
}
