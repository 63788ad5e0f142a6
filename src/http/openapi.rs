//! OpenAPI: which form of the Kubernetes documents a client accepts, and the description of our own pages.

use serde_json::{Value, json};
use utoipa::OpenApi;

use super::{negotiate::parse_accept, pages, version::Version};
use crate::verbs::Registry;

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
pub fn v2() -> Value {
    json!({"swagger": "2.0", "info": info(), "paths": {}})
}

/// The document of one group and version in version 3.
pub fn v3(_registry: &Registry, _group: &str, _version: &str) -> Value {
    json!({"openapi": "3.0.0", "info": info(), "paths": {}})
}

/// The description of our own pages, as JSON.
pub fn own() -> String {
    Own::openapi().to_json().expect("a document made of strings can be written as JSON")
}

fn info() -> Value {
    json!({"title": "Kubernetes", "version": "v1.36.3"})
}
