//! The OpenAPI documents of the Kubernetes API, and which form of them a client accepts.

use std::{collections::BTreeMap, sync::OnceLock};

use serde_json::Value;

use super::{document::Document, version::Version};
use crate::http::request::negotiate::parse_accept;
use crate::{
    kinds::{Kind, Verb, model::strategy::Moment},
    object::gvk::api_version,
    schema::{
        ObjectRef,
        openapi::{self, KindSummary, SubresourceSummary},
    },
    verbs::Kinds,
    wire,
};

/// The content type of `/openapi/v2` in protobuf.
pub const V2_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// The content type of a document of `/openapi/v3` in protobuf.
pub const V3_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf";

/// The forms of the documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// JSON.
    Json,
    /// Protobuf.
    Protobuf,
}

/// The form of `/openapi/v2` that a client wants most; `None` if it accepts none.
pub fn v2_media(accept: &str) -> Option<Media> {
    media(accept, "com.github.proto-openapi.spec.v2")
}

/// The form of a document of `/openapi/v3` that a client wants most; `None` if it accepts none.
pub fn v3_media(accept: &str) -> Option<Media> {
    media(accept, "com.github.proto-openapi.spec.v3")
}

fn media(accept: &str, protobuf: &str) -> Option<Media> {
    if accept.is_empty() {
        return Some(Media::Json);
    }
    parse_accept(accept).iter().find_map(|clause| match (clause.kind, clause.subtype) {
        ("application", "json" | "*") | ("*", "*") => Some(Media::Json),
        ("application", subtype) => {
            let version = subtype.strip_prefix(protobuf)?;
            matches!(version, "@v1.0+protobuf" | ".v1.0+protobuf").then_some(Media::Protobuf)
        }
        _ => None,
    })
}

/// The Kubernetes documents, each made when first asked for.
pub struct Documents {
    /// Since when they are what they are.
    pub since: Moment,
    kinds: Vec<KindSummary>,
    v2: OnceLock<Document>,
    v2_protobuf: OnceLock<Document>,
    index: OnceLock<Document>,
    v3: BTreeMap<String, Version3>,
}

/// The document of one group and version.
struct Version3 {
    group: String,
    version: String,
    json: OnceLock<Document>,
    protobuf: OnceLock<Document>,
}

impl Documents {
    /// The documents of these kinds.
    pub fn new(served: &Kinds, now: Moment) -> Self {
        let v3 = served.iter().map(|def| {
            let (group, version) = (def.gvk.group.to_string(), def.gvk.version.to_string());
            let root = if group.is_empty() { "api" } else { "apis" };
            let path = format!("{root}/{}", api_version(&group, &version));
            (path, Version3 { group, version, json: OnceLock::new(), protobuf: OnceLock::new() })
        });
        let kinds = served.iter().map(summary).collect();
        Self {
            since: now,
            kinds,
            v2: OnceLock::new(),
            v2_protobuf: OnceLock::new(),
            index: OnceLock::new(),
            v3: v3.collect(),
        }
    }

    /// Whether the document of version 2 has been made.
    pub fn has_v2(&self, media: Media) -> bool {
        match media {
            Media::Json => self.v2.get().is_some(),
            Media::Protobuf => self.v2_protobuf.get().is_some(),
        }
    }

    /// Whether the index of version 3 has been made.
    pub fn has_v3_index(&self) -> bool {
        self.index.get().is_some()
    }

    /// Whether a document of version 3 has been made, or never will be.
    pub fn has_v3(&self, path: &str, media: Media) -> bool {
        self.v3.get(path).is_none_or(|document| match media {
            Media::Json => document.json.get().is_some(),
            Media::Protobuf => document.protobuf.get().is_some(),
        })
    }

    /// The document of all groups in version 2.
    pub fn v2(&self, media: Media) -> &Document {
        let document = || openapi::v2_document(&self.kinds, Version::CURRENT.git_version);
        match media {
            Media::Json => self.v2.get_or_init(|| Document::json(&document())),
            Media::Protobuf => self.v2_protobuf.get_or_init(|| Document::new(wire::protobuf::openapi_v2(&document()))),
        }
    }

    /// Where the documents in version 3 are.
    pub fn v3_index(&self) -> &Document {
        self.index.get_or_init(|| Document::json(&openapi::v3_index(&self.kinds)))
    }

    /// The document in version 3 at `api/v1` or `apis/<group>/<version>`. It is known by the hash of the index.
    pub fn v3(&self, path: &str, media: Media) -> Option<&Document> {
        let Version3 { group, version, json, protobuf } = self.v3.get(path)?;
        let make = |write: fn(&Value) -> Document| {
            let document = openapi::v3_document(&self.kinds, group, version, Version::CURRENT.git_version);
            let hash = openapi::v3_hash(&self.kinds, group, version);
            Document { hash, ..write(&document.unwrap_or_default()) }
        };
        Some(match media {
            Media::Json => json.get_or_init(|| make(Document::json)),
            Media::Protobuf => {
                protobuf.get_or_init(|| make(|document| Document::new(wire::protobuf::openapi_v3(document))))
            }
        })
    }
}

/// A kind as far as the documents show it.
fn summary(def: &Kind) -> KindSummary {
    let verbs = |verbs: &[Verb]| verbs.iter().map(|verb| verb.name().to_owned()).collect();
    let subresources = def.subresources.iter().map(|sub| SubresourceSummary {
        name: sub.name.to_string(),
        gvk: (sub.gvk.group.to_string(), sub.gvk.version.to_string(), sub.gvk.kind.to_string()),
        verbs: verbs(&sub.verbs),
        object: ObjectRef::of_kind(&sub.gvk.api_version(), &sub.gvk.kind),
    });
    KindSummary {
        group: def.gvk.group.to_string(),
        version: def.gvk.version.to_string(),
        kind: def.gvk.kind.to_string(),
        plural: def.plural.to_string(),
        namespaced: def.is_namespaced(),
        verbs: verbs(&def.verbs),
        subresources: subresources.collect(),
        list: def.list_schema.clone().or_else(|| openapi::list_of(def.schema())),
        object: Some(def.schema.clone()),
    }
}
