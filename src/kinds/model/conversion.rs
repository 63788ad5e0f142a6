//! `Conversion`: between a kind's form of objects and the form in which the store keeps them.

use std::{future::ready, pin::Pin};

use serde_json::Value;

use crate::{object::status::Result, schema::ObjectType};

/// An object in its other form, for which a caller may have to wait.
pub type Converting<'a> = Pin<Box<dyn Future<Output = Result<Value>> + Send + 'a>>;

/// Converts objects between a kind's form and the form in which they are stored. It may wait, and it may fail.
pub trait Conversion: Send + Sync {
    /// An object from the store, in the kind's form.
    fn to_seen(&self, object: Value) -> Converting<'_>;

    /// An object of the kind, as it is to be stored.
    fn to_stored(&self, object: Value) -> Converting<'_>;

    /// The type of objects in another version, e.g. `example.com/v2`; `None` if there is no such version, or if versions do
    /// not differ in who owns what.
    fn object_type(&self, _api_version: &str) -> Option<&ObjectType> {
        None
    }

    /// An object of any version in another one.
    fn between<'a>(&'a self, object: Value, _api_version: &'a str) -> Converting<'a> {
        Box::pin(ready(Ok(object)))
    }

    /// Whether managers own fields in the version that they wrote through.
    fn has_versions(&self) -> bool {
        false
    }

    /// Whether an object from the store has the kind's form as it is.
    fn keeps(&self, _object: &Value) -> bool {
        false
    }
}

/// A conversion that needs nothing but the object.
pub struct Renaming {
    /// Stored form to the kind's.
    pub from_stored: fn(Value) -> Value,
    /// The kind's form to the stored one.
    pub to_stored: fn(Value) -> Value,
}

impl Conversion for Renaming {
    fn to_seen(&self, object: Value) -> Converting<'_> {
        Box::pin(ready(Ok((self.from_stored)(object))))
    }

    fn to_stored(&self, object: Value) -> Converting<'_> {
        Box::pin(ready(Ok((self.to_stored)(object))))
    }
}
