//! `/version`: which Kubernetes release this server stands in for.

use axum::{
    body::Body,
    http::{HeaderMap, Method, Response, StatusCode, Uri},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{
        request::{negotiate, query::Query},
        response::reply,
    },
    object::Status,
    wire::{self, MediaType},
};

/// A `version.Info`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    major: &'static str,
    minor: &'static str,
    emulation_major: &'static str,
    emulation_minor: &'static str,
    min_compatibility_major: &'static str,
    min_compatibility_minor: &'static str,
    /// The release.
    pub git_version: &'static str,
    git_commit: &'static str,
    git_tree_state: &'static str,
    build_date: &'static str,
    go_version: &'static str,
    compiler: &'static str,
    platform: &'static str,
}

impl Version {
    /// What a kube-apiserver v1.36.3 says of itself.
    pub const CURRENT: Self = Self {
        major: "1",
        minor: "36",
        emulation_major: "1",
        emulation_minor: "36",
        min_compatibility_major: "1",
        min_compatibility_minor: "35",
        git_version: "v1.36.3",
        git_commit: "$Format:%H$",
        git_tree_state: "",
        build_date: "1970-01-01T00:00:00Z",
        go_version: "go1.26.6",
        compiler: "gc",
        platform: "linux/amd64",
    };
}

/// Which Kubernetes release this server stands in for.
#[utoipa::path(
    get,
    tag = "pages",
    path = "/version",
    responses((status = 200, description = "The release", body = Version), (status = 406, description = "Not JSON"))
)]
pub async fn version(headers: HeaderMap) -> Response<Body> {
    if let Err(status) = negotiate::accepts(&headers, &Method::GET, &[negotiate::JSON]) {
        return reply::error(&headers, &Query::default(), &status);
    }
    let version = serde_json::to_value(Version::CURRENT).unwrap_or_default();
    reply::response(StatusCode::OK, negotiate::JSON, wire::encode(&version, MediaType::Json, true).into())
}

/// Below `/version` there is nothing, which kube-apiserver says with a `Status`.
pub async fn nothing(uri: Uri, headers: HeaderMap) -> Response<Body> {
    reply::error(&headers, &Query::parse(uri.query()), &Status::no_such_resource())
}
