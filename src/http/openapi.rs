//! OpenAPI: which form of the Kubernetes documents a client accepts, and the description of our own pages.

use serde_json::Value;
use utoipa::OpenApi;

use super::{
    negotiate::parse_accept,
    pages::{self, Document},
    version::Version,
};
use crate::{
    kinds::{KindDef, Subresource, Verb},
    schema::{
        self,
        openapi::{self, KindSummary, SubresourceSummary},
    },
    verbs::Registry,
    wire,
};

/// The version that the documents give themselves.
const SERVER: &str = "v1.36.3";

/// The content type of `/openapi/v2` in protobuf.
pub const V2_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// A document in protobuf that says `swagger: "2.0"` and nothing else. Clients that ask for this form read the
/// fields they need from version 3.
pub const V2_STUB: &[u8] = b"\x0a\x032.0";

/// The forms of `/openapi/v2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// JSON.
    Json,
    /// Protobuf.
    Protobuf,
}

#[derive(OpenApi)]
#[openapi(
    info(title = "kubedouble", description = "Pages beside the Kubernetes API"),
    paths(pages::healthz, pages::livez, pages::readyz, pages::version, pages::metrics),
    components(schemas(Version))
)]
struct Own;

/// The form of `/openapi/v2` that a client wants most; `None` if it accepts none.
pub fn v2_media(accept: &str) -> Option<Media> {
    if accept.is_empty() {
        return Some(Media::Json);
    }
    parse_accept(accept).iter().find_map(|clause| match (clause.kind, clause.subtype) {
        ("application", "json" | "*") | ("*", "*") => Some(Media::Json),
        ("application", subtype) => {
            let version = subtype.strip_prefix("com.github.proto-openapi.spec.v2")?;
            matches!(version, "@v1.0+protobuf" | ".v1.0+protobuf").then_some(Media::Protobuf)
        }
        _ => None,
    })
}

/// Whether a client accepts JSON.
pub fn accepts_json(accept: &str) -> bool {
    accept.is_empty() || v2_media(accept) == Some(Media::Json)
}

/// The document of all groups in version 2.
pub fn v2(registry: &Registry) -> Value {
    openapi::v2_document(&summaries(registry), SERVER)
}

/// Where the documents of version 3 are.
pub fn v3_index(registry: &Registry) -> Value {
    openapi::v3_index(&summaries(registry))
}

/// The document of one group and version in version 3, under the hash that the index has for it.
pub fn v3(registry: &Registry, group: &str, version: &str) -> Document {
    let kinds = summaries(registry);
    let document = openapi::v3_document(&kinds, group, version, SERVER).unwrap_or_default();
    Document { bytes: wire::to_json(&document).into(), hash: openapi::v3_hash(&kinds, group, version) }
}

/// The description of our own pages, as JSON.
pub fn own() -> String {
    Own::openapi().to_json().expect("a document made of strings can be written as JSON")
}

fn summaries(registry: &Registry) -> Vec<KindSummary> {
    registry.iter().map(summary).collect()
}

fn summary(def: &KindDef) -> KindSummary {
    let subresource = |sub: &Subresource| SubresourceSummary {
        name: sub.name.into(),
        gvk: (sub.gvk.group.into(), sub.gvk.version.into(), sub.gvk.kind.into()),
        verbs: names(sub.verbs),
        message: schema::by_gvk(&sub.gvk.api_version(), sub.gvk.kind),
    };
    KindSummary {
        group: def.gvk.group.into(),
        version: def.gvk.version.into(),
        kind: def.gvk.kind.into(),
        plural: def.plural.into(),
        namespaced: def.is_namespaced(),
        verbs: names(def.verbs),
        subresources: def.subresources.iter().map(subresource).collect(),
        message: schema::message(def.message),
    }
}

fn names(verbs: &[Verb]) -> Vec<String> {
    verbs.iter().map(|verb| verb.name().to_owned()).collect()
}
