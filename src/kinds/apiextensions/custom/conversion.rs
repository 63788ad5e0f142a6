//! Versions of a custom kind: an object is pruned and filled in along the version it has, converted, and pruned again.

use std::{collections::HashMap, future::ready, sync::Arc};

use serde_json::Value;

use crate::{
    kinds::{Conversion, Converting},
    object::{GroupVersionKind, Status, meta, status::Result},
    schema::ObjectType,
    structural::Schema,
};

/// Makes an object of one version from that of another. It may wait, and it may fail.
pub trait Converter: Send + Sync {
    /// The object, which states its version, in the version `to`, e.g. `example.com/v2`.
    fn convert<'a>(&'a self, object: Value, to: &'a str) -> Converting<'a>;
}

/// The strategy `None`: nothing but the stated version changes.
pub struct Unconverted;

impl Converter for Unconverted {
    fn convert<'a>(&'a self, mut object: Value, to: &'a str) -> Converting<'a> {
        meta::members_mut(&mut object).insert("apiVersion".to_owned(), to.into());
        Box::pin(ready(Ok(object)))
    }
}

/// All versions of a definition, served or not.
pub struct Versions {
    /// The group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The version that is stored, with its group.
    pub stored: String,
    /// The schema of each version, by group and version.
    pub schemas: HashMap<String, Arc<Schema>>,
    /// Converts between them.
    pub converter: Arc<dyn Converter>,
}

/// Between one version and what is stored.
pub struct VersionConversion {
    versions: Arc<Versions>,
    own: String,
    schema: Arc<Schema>,
}

impl VersionConversion {
    /// Between this version and what is stored.
    pub fn new(versions: &Arc<Versions>, gvk: &GroupVersionKind, schema: &Arc<Schema>) -> Self {
        Self { versions: Arc::clone(versions), own: gvk.api_version(), schema: Arc::clone(schema) }
    }

    async fn read(&self, mut object: Value) -> Result<Value> {
        let found = meta::text(&object, &["apiVersion"]).to_owned();
        let Some(schema) = self.versions.schemas.get(&found) else {
            return Err(Status::untyped(format!("request to convert CR from an invalid group/version: {found}")));
        };
        settle(&mut object, schema);
        if found == self.own {
            return Ok(object);
        }
        let mut object = self.versions.converter.convert(object, &self.own).await?;
        self.schema.prune(&mut object);
        Ok(object)
    }

    async fn write(&self, object: Value) -> Result<Value> {
        let stored = &self.versions.stored;
        if self.own == *stored {
            return Ok(object);
        }
        let mut object = self.versions.converter.convert(object, stored).await?;
        if let Some(schema) = self.versions.schemas.get(stored) {
            schema.prune(&mut object);
        }
        Ok(object)
    }
}

impl Conversion for VersionConversion {
    fn to_seen(&self, object: Value) -> Converting<'_> {
        Box::pin(self.read(object))
    }

    fn to_stored(&self, object: Value) -> Converting<'_> {
        Box::pin(self.write(object))
    }

    fn object_type(&self, api_version: &str) -> Option<&ObjectType> {
        self.versions.schemas.get(api_version).map(|schema| &*schema.kind.object)
    }

    fn between<'a>(&'a self, object: Value, api_version: &'a str) -> Converting<'a> {
        if self.versions.schemas.contains_key(api_version) {
            return self.versions.converter.convert(object, api_version);
        }
        let why = format!("request to convert CR to an invalid group/version: {api_version}");
        Box::pin(ready(Err(Status::untyped(why))))
    }

    fn has_versions(&self) -> bool {
        true
    }

    fn keeps(&self, object: &Value) -> bool {
        if meta::text(object, &["apiVersion"]) != self.own {
            return false;
        }
        let mut settled = object.clone();
        settle(&mut settled, &self.schema);
        settled == *object
    }
}

/// What the server does to each object that it reads from its store.
fn settle(object: &mut Value, schema: &Schema) {
    schema.prune(object);
    schema.default(object);
}
