//! `/metrics`: what is counted, as Prometheus reads it.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{Response, StatusCode},
};

use crate::http::{App, front::metrics::CONTENT_TYPE, response::reply};

/// What the server has done and what it holds.
#[utoipa::path(
    get,
    tag = "pages",
    path = "/metrics",
    responses((status = 200, description = "Metrics", content_type = "application/openmetrics-text"))
)]
pub async fn metrics(State(app): State<Arc<App>>) -> Response<Body> {
    reply::response(StatusCode::OK, CONTENT_TYPE, app.metrics.text().into())
}
