//! OpenAPI documents, built from the schema and from a summary of the kinds that are served.

mod components;
mod operations;
mod parts;
mod paths;
mod structural;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha512};

use super::{ObjectRef, facts};

use crate::object::gvk::api_version;
pub use components::list_of;

/// A kind as far as the documents show it.
#[derive(Clone, Debug)]
pub struct KindSummary {
    /// API group, empty for core.
    pub group: String,
    /// Version within the group.
    pub version: String,
    /// Kind, in CamelCase.
    pub kind: String,
    /// Plural resource name.
    pub plural: String,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// Verbs as discovery names them.
    pub verbs: Vec<String>,
    /// Paths below an object.
    pub subresources: Vec<SubresourceSummary>,
    /// The type of an object; a kind without one is shown as an object of any form.
    pub object: Option<ObjectRef>,
    /// The type of a list of objects.
    pub list: Option<ObjectRef>,
}

/// A path below an object.
#[derive(Clone, Debug)]
pub struct SubresourceSummary {
    /// Last path segment.
    pub name: String,
    /// Group, version and kind of what is read and written there.
    pub gvk: (String, String, String),
    /// Verbs as discovery names them.
    pub verbs: Vec<String>,
    /// The type of what is read and written there.
    pub object: Option<ObjectRef>,
}

/// The version of OpenAPI, which decides many spellings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// Swagger 2.0.
    V2,
    /// OpenAPI 3.0.
    V3,
}

impl KindSummary {
    /// Whether a definition made the kind.
    fn is_custom(&self) -> bool {
        self.object.as_ref().is_some_and(|object| object.is_structural())
    }
}

/// `/openapi/v3`: where the document of each group version is.
pub fn v3_index(kinds: &[KindSummary]) -> Value {
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    for kind in kinds {
        found.entry(root(&kind.group, &kind.version)).or_insert_with_key(|root| {
            let hash = v3_hash(kinds, &kind.group, &kind.version);
            json!({"serverRelativeURL": format!("/openapi/v3/{root}?hash={hash}")})
        });
    }
    json!({"paths": found})
}

/// The hash under which a group version's document is known. It depends on what the document is made from.
pub fn v3_hash(kinds: &[KindSummary], group: &str, version: &str) -> String {
    let mut hash = Sha512::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.update(facts::text());
    for kind in kinds.iter().filter(|kind| kind.group == group && kind.version == version) {
        hash.update(format!("{kind:?}", kind = (&kind.kind, &kind.plural, kind.namespaced, &kind.verbs)));
        if let Some(object) = kind.object.as_ref().filter(|object| object.is_structural()) {
            hash.update(format!("{object:?}"));
        }
        for sub in &kind.subresources {
            hash.update(format!("{:?}", (&sub.name, &sub.gvk, &sub.verbs)));
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// `/openapi/v3/<group version>`, or `None` if it has no kinds. `server` is the version that the server claims to be.
pub fn v3_document(kinds: &[KindSummary], group: &str, version: &str, server: &str) -> Option<Value> {
    let own: Vec<&KindSummary> = kinds.iter().filter(|k| k.group == group && k.version == version).collect();
    if own.is_empty() {
        return None;
    }
    let is_custom = own.iter().any(|kind| kind.is_custom());
    let title = if is_custom { "Kubernetes CRD Swagger" } else { "Kubernetes" };
    Some(json!({
        "openapi": "3.0.0",
        "info": {"title": title, "version": server},
        "paths": paths::paths(&own, Dialect::V3),
        "components": {
            "schemas": components::schemas(&own, Dialect::V3),
            "securitySchemes": {"BearerToken": bearer()},
        },
        "security": [{"BearerToken": []}],
    }))
}

/// `/openapi/v2`: one document for all kinds.
pub fn v2_document(kinds: &[KindSummary], server: &str) -> Value {
    let all: Vec<&KindSummary> = kinds.iter().collect();
    json!({
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": server},
        "paths": paths::paths(&all, Dialect::V2),
        "definitions": components::schemas(&all, Dialect::V2),
        "securityDefinitions": {"BearerToken": bearer()},
        "security": [{"BearerToken": []}],
    })
}

fn bearer() -> Value {
    json!({"description": "Bearer Token authentication", "type": "apiKey", "name": "authorization", "in": "header"})
}

/// `api/v1` or `apis/<group>/<version>`.
fn root(group: &str, version: &str) -> String {
    let prefix = if group.is_empty() { "api" } else { "apis" };
    format!("{prefix}/{}", api_version(group, version))
}
