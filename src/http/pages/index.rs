//! `/`: the list of the paths that this server serves.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{Response, StatusCode},
};
use serde_json::json;

use super::{discovery, docs, health::Endpoint, openid};
use crate::http::{App, request::negotiate, response::reply};
use crate::wire::{self, MediaType};

/// The paths that this server serves.
#[utoipa::path(get, tag = "pages", path = "/", responses((status = 200, description = "A sorted list", content_type = "application/json")))]
pub async fn paths(State(app): State<Arc<App>>) -> Response<Body> {
    let mut paths = vec!["/api".to_owned(), "/apis".to_owned(), "/metrics".to_owned(), "/version".to_owned()];
    for (group, versions) in discovery::group_versions(&app.api.registry().kinds()) {
        let root = if group.is_empty() { "/api".to_owned() } else { format!("/apis/{group}") };
        paths.extend(versions.iter().map(|version| format!("{root}/{version}")));
        if !group.is_empty() {
            paths.push(root);
        }
    }
    let others = ["/docs", docs::DESCRIPTION, "/openapi/v2", "/openapi/v3", openid::CONFIGURATION, openid::KEYS];
    paths.extend(others.map(str::to_owned));
    for endpoint in Endpoint::ALL {
        paths.push(format!("/{}", endpoint.name()));
        paths.extend(endpoint.checks().map(|check| format!("/{}/{check}", endpoint.name())));
    }
    paths.sort_unstable();
    let text = wire::encode(&json!({"paths": paths}), MediaType::Json, true);
    reply::response(StatusCode::OK, negotiate::JSON, text.into())
}
