//! `/docs`: the API documents, to be read in a browser.

use axum::{
    body::Body,
    http::{Response, StatusCode, header},
};

use super::document::set;
use crate::http::response::reply;

/// The address of the description of the pages that are not Kubernetes resources.
pub const DESCRIPTION: &str = "/kubedouble/openapi.json";
/// The page at `/docs`; it asks this server for everything it shows.
const DOCS: &str = include_str!("docs.html");
/// Nothing from elsewhere is loaded, whatever a description says.
const DOCS_POLICY: &str =
    "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'";

/// The API documents, to be read in a browser.
#[utoipa::path(get, tag = "pages", path = "/docs", responses((status = 200, description = "A page", content_type = "text/html")))]
pub async fn docs() -> Response<Body> {
    let mut response = reply::response(StatusCode::OK, "text/html; charset=utf-8", DOCS.into());
    set(&mut response, header::CONTENT_SECURITY_POLICY, DOCS_POLICY);
    response
}
