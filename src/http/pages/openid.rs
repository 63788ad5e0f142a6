//! What lets others verify service account tokens: OpenID Connect's discovery document, and the keys.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header},
    routing::get,
};
use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::http::{
    request::{negotiate, query::Query},
    response::reply,
};
use crate::identity::ServiceAccounts;

/// The address of the discovery document.
pub const CONFIGURATION: &str = "/.well-known/openid-configuration";
/// The address of the keys.
pub const KEYS: &str = "/openid/v1/jwks";

const KEY_SET: &str = "application/jwk-set+json";
/// Nobody needs to ask again for an hour.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// The description of both pages.
#[derive(OpenApi)]
#[openapi(paths(configuration, keys))]
pub struct Described;

/// The two documents.
struct Documents {
    configuration: String,
    keys: String,
}

/// Both pages of a server that clients reach at this URL; the keys may be said to be elsewhere.
pub fn routes(accounts: &ServiceAccounts, url: &str, keys_at: Option<&str>) -> Router {
    let mut algorithms: Vec<&str> = accounts.keys().iter().map(|key| key.algorithm.name()).collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    let issuer = json!({
        "issuer": accounts.issuer(),
        "jwks_uri": keys_at.map_or_else(|| format!("{url}{KEYS}"), str::to_owned),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
    });
    let all: Vec<Value> = accounts.keys().iter().map(|key| key.to_jwk()).collect();
    let documents = Documents { configuration: issuer.to_string(), keys: json!({"keys": all}).to_string() };
    Router::new().route(CONFIGURATION, get(configuration)).route(KEYS, get(keys)).with_state(Arc::new(documents))
}

/// Who issues service account tokens.
#[utoipa::path(
    get,
    path = "/.well-known/openid-configuration",
    responses((status = 200, description = "The issuer, and where its keys are", content_type = "application/json"))
)]
async fn configuration(State(documents): State<Arc<Documents>>, headers: HeaderMap) -> Response<Body> {
    respond(&headers, negotiate::JSON, &documents.configuration)
}

/// The keys that verify service account tokens.
#[utoipa::path(
    get,
    path = "/openid/v1/jwks",
    responses((status = 200, description = "A JSON Web Key Set", content_type = "application/jwk-set+json"))
)]
async fn keys(State(documents): State<Arc<Documents>>, headers: HeaderMap) -> Response<Body> {
    respond(&headers, KEY_SET, &documents.keys)
}

fn respond(headers: &HeaderMap, media: &'static str, text: &str) -> Response<Body> {
    if let Err(status) = negotiate::accepts(headers, &Method::GET, &[media]) {
        return reply::error(headers, &Query::default(), &status);
    }
    let mut response = reply::response(StatusCode::OK, media, text.to_owned().into());
    response.headers_mut().insert(header::CACHE_CONTROL, CACHE);
    response
}
