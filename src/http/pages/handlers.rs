//! Pages outside the API's resources: discovery roots, OpenAPI, health, version, metrics and the list of paths.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header, request::Parts},
};
use bytes::Bytes;
use jiff::SignedDuration;
use serde_json::{Value, json};
use sha2::{Digest, Sha512};

use super::{
    discovery,
    health::{Endpoint, Report},
    openapi::{self, Media},
    openid,
    version::Version,
};
use crate::http::{
    App, Documents,
    answer::reply::{self, Manner},
    front::metrics,
    request::{negotiate, query::Query},
};
use crate::{
    kinds::model::strategy::Moment,
    schema,
    wire::{self, MediaType},
};

/// The page at `/docs`; it asks this server for everything it shows.
const DOCS: &str = include_str!("docs.html");
/// Nothing from elsewhere is loaded, whatever a description says.
const DOCS_POLICY: &str =
    "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'";

/// A document that is made once, with its entity tag.
pub struct Document {
    /// The bytes.
    pub bytes: Bytes,
    /// Upper-case hexadecimal SHA-512 of the bytes, without quotes.
    pub hash: String,
}

impl Document {
    /// Takes the bytes.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let hash = Sha512::digest(&bytes).iter().map(|byte| format!("{byte:02X}")).collect();
        Self { bytes, hash }
    }

    /// The document as compact JSON.
    pub fn json(value: &Value) -> Self {
        Self::new(wire::to_json(value))
    }

    /// The document, or 304 if the client has it already.
    pub fn answer(&self, headers: &HeaderMap, content_type: &'static str) -> Response<Body> {
        let tag = format!("\"{}\"", self.hash);
        let known = negotiate::text(headers, header::IF_NONE_MATCH).unwrap_or_default();
        let fresh = known.split(',').any(|tag_sent| {
            let sent = tag_sent.trim();
            sent.strip_prefix("W/").unwrap_or(sent).trim_matches('"') == self.hash
        });
        let mut response = if fresh {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            reply::response(StatusCode::OK, content_type, self.bytes.clone().into())
        };
        set(&mut response, header::ETAG, &tag);
        set(&mut response, header::VARY, "Accept");
        response
    }
}

/// `/api` and `/apis`, aggregated or legacy.
pub fn api_root(app: &App, parts: &Parts, core: bool) -> Response<Body> {
    let documents = app.documents();
    let kinds = &documents.kinds;
    if discovery::wants_aggregated(negotiate::text(&parts.headers, header::ACCEPT).unwrap_or_default()) {
        let slot = if core { &documents.core } else { &documents.groups };
        let document = slot.get_or_init(|| Document::json(&discovery::aggregated(kinds, core)));
        let mut response = document.answer(&parts.headers, discovery::AGGREGATED);
        set(&mut response, header::CACHE_CONTROL, "public");
        return response;
    }
    if core {
        return legacy(parts, &discovery::core_versions(&app.settings.address));
    }
    unrouted(parts, &discovery::groups(kinds))
}

/// A legacy discovery document.
pub fn legacy(parts: &Parts, document: &Value) -> Response<Body> {
    match negotiate::documents(&parts.headers) {
        Ok(()) => unrouted(parts, document),
        Err(status) => reply::error(&parts.headers, &Query::parse(parts.uri.query()), &status),
    }
}

/// A legacy discovery document about groups. kube-apiserver's aggregator answers these without asking the router.
pub fn unrouted(parts: &Parts, document: &Value) -> Response<Body> {
    let query = Query::parse(parts.uri.query());
    match negotiate::output(&parts.headers, false) {
        Ok(output) if output.media == MediaType::Protobuf => in_protobuf(document),
        Ok(output) => Manner::new(output, &query, &parts.headers).value(StatusCode::OK, document),
        Err(status) => reply::error(&parts.headers, &query, &status),
    }
}

/// Documents about the core group state no version, but are messages of `v1` all the same.
fn in_protobuf(document: &Value) -> Response<Body> {
    let mut document = document.clone();
    let kind = document["kind"].as_str().unwrap_or_default();
    let message = schema::by_gvk("v1", kind).expect("the schema has the documents of discovery");
    if document["apiVersion"].is_null() {
        document["apiVersion"] = "".into();
    }
    let bytes = wire::protobuf::encode(&document, message);
    reply::response(StatusCode::OK, MediaType::Protobuf.name(), bytes.into())
}

/// The paths that this server answers.
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
    let others = ["/docs", openapi::OWN, "/openapi/v2", "/openapi/v3", openid::CONFIGURATION, openid::KEYS];
    paths.extend(others.map(str::to_owned));
    for endpoint in [Endpoint::Healthz, Endpoint::Livez, Endpoint::Readyz] {
        paths.push(format!("/{}", endpoint.name()));
        paths.extend(endpoint.checks().map(|check| format!("/{}/{check}", endpoint.name())));
    }
    paths.sort_unstable();
    indented(&json!({"paths": paths}))
}

/// The API documents, to be read in a browser.
#[utoipa::path(get, tag = "pages", path = "/docs", responses((status = 200, description = "A page", content_type = "text/html")))]
pub async fn docs() -> Response<Body> {
    let mut response = reply::response(StatusCode::OK, "text/html; charset=utf-8", DOCS.into());
    set(&mut response, header::CONTENT_SECURITY_POLICY, DOCS_POLICY);
    response
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
    indented(&serde_json::to_value(Version::CURRENT).unwrap_or_default())
}

/// What the server has done and what it holds.
#[utoipa::path(
    get,
    tag = "pages",
    path = "/metrics",
    responses((status = 200, description = "Metrics", content_type = "application/openmetrics-text"))
)]
pub async fn metrics(State(app): State<Arc<App>>) -> Response<Body> {
    reply::response(StatusCode::OK, metrics::CONTENT_TYPE, app.metrics.text().into())
}

/// Whether all is well. The old form of `/livez` and `/readyz`.
#[utoipa::path(
    get,
    tag = "pages",
    path = "/healthz",
    params(
        ("verbose" = Option<String>, Query, description = "Name each check"),
        ("exclude" = Option<String>, Query, description = "A check to leave out")
    ),
    responses((status = 200, description = "Every check passed"), (status = 500, description = "A check failed"))
)]
pub async fn healthz(State(app): State<Arc<App>>, request: Request<Body>) -> Response<Body> {
    health(&app, Endpoint::Healthz, &request)
}

/// Whether the process should go on.
#[utoipa::path(
    get,
    tag = "pages",
    path = "/livez",
    params(
        ("verbose" = Option<String>, Query, description = "Name each check"),
        ("exclude" = Option<String>, Query, description = "A check to leave out")
    ),
    responses((status = 200, description = "Every check passed"), (status = 500, description = "A check failed"))
)]
pub async fn livez(State(app): State<Arc<App>>, request: Request<Body>) -> Response<Body> {
    health(&app, Endpoint::Livez, &request)
}

/// Whether the server should be sent requests.
#[utoipa::path(
    get,
    tag = "pages",
    path = "/readyz",
    params(
        ("verbose" = Option<String>, Query, description = "Name each check"),
        ("exclude" = Option<String>, Query, description = "A check to leave out")
    ),
    responses((status = 200, description = "Every check passed"), (status = 500, description = "A check failed"))
)]
pub async fn readyz(State(app): State<Arc<App>>, request: Request<Body>) -> Response<Body> {
    health(&app, Endpoint::Readyz, &request)
}

/// One check of a health endpoint.
pub async fn health_check(endpoint: Endpoint, State(app): State<Arc<App>>, Path(name): Path<String>) -> Response<Body> {
    endpoint.single(&app, &name).map_or_else(reply::no_such_page, report)
}

/// All Kubernetes resources in OpenAPI 2.0, in JSON or protobuf.
#[utoipa::path(
    get,
    tag = "pages",
    path = "/openapi/v2",
    responses(
        (status = 200, description = "The document", content(
            (String = "application/json"),
            (Vec<u8> = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
        )),
        (status = 304, description = "The client has it"),
        (status = 406, description = "Neither is accepted")
    )
)]
pub async fn openapi_v2(State(app): State<Arc<App>>, request: Request<Body>) -> Response<Body> {
    let accept = negotiate::text(request.headers(), header::ACCEPT).unwrap_or_default();
    let Some(media) = openapi::v2_media(accept) else { return empty(StatusCode::NOT_ACCEPTABLE) };
    let content_type = match media {
        Media::Json => negotiate::JSON,
        Media::Protobuf => openapi::V2_PROTOBUF,
    };
    let served = app.documents();
    let documents = served.open_api(&app);
    modified(documents, documents.v2(media).answer(request.headers(), content_type))
}

/// Where the OpenAPI 3.0 document of each group version is.
#[utoipa::path(
    get,
    tag = "pages",
    path = "/openapi/v3",
    responses((status = 200, description = "Addresses with hashes", content_type = "application/json"))
)]
pub async fn openapi_v3(State(app): State<Arc<App>>, request: Request<Body>) -> Response<Body> {
    let served = app.documents();
    let documents = served.open_api(&app);
    modified(documents, documents.v3_index().answer(request.headers(), negotiate::JSON))
}

/// One group version in OpenAPI 3.0.
#[utoipa::path(
    get,
    tag = "pages",
    path = "/openapi/v3/{path}",
    params(
        ("path" = String, Path, description = "`api/v1` or `apis/<group>/<version>`"),
        ("hash" = Option<String>, Query, description = "The document's hash; with it, the answer may be kept for ever")
    ),
    responses(
        (status = 200, description = "The document", content(
            (String = "application/json"),
            (Vec<u8> = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf")
        )),
        (status = 301, description = "It has another hash now"),
        (status = 304, description = "The client has it"),
        (status = 406, description = "Neither is accepted")
    )
)]
pub async fn openapi_v3_document(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let served = app.documents();
    let documents = served.open_api(&app);
    let media = openapi::v3_media(negotiate::text(request.headers(), header::ACCEPT).unwrap_or_default());
    let Some(document) = documents.v3(&path, media.unwrap_or(Media::Json)) else { return empty(StatusCode::OK) };
    let content_type = match media {
        Some(Media::Json) => negotiate::JSON,
        Some(Media::Protobuf) => openapi::V3_PROTOBUF,
        None => return empty(StatusCode::NOT_ACCEPTABLE),
    };
    match Query::parse(request.uri().query()).first("hash").filter(|hash| !hash.is_empty()) {
        None => modified(documents, document.answer(request.headers(), content_type)),
        Some(hash) if hash == document.hash => {
            let mut response = modified(documents, document.answer(request.headers(), content_type));
            set(&mut response, header::CACHE_CONTROL, "public, immutable");
            set(&mut response, header::EXPIRES, &http_date(app.api.now() + SignedDuration::from_hours(365 * 24)));
            response
        }
        Some(_) => {
            let mut response = empty(StatusCode::MOVED_PERMANENTLY);
            set(&mut response, header::LOCATION, &format!("/openapi/v3/{path}?hash={}", document.hash));
            response
        }
    }
}

fn health(app: &App, endpoint: Endpoint, request: &Request<Body>) -> Response<Body> {
    report(endpoint.report(app, &Query::parse(request.uri().query())))
}

fn report(report: Report) -> Response<Body> {
    let code = if report.passed { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR };
    reply::text(code, report.text)
}

fn indented(value: &Value) -> Response<Body> {
    reply::response(StatusCode::OK, negotiate::JSON, wire::encode(value, MediaType::Json, true).into())
}

fn empty(code: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = code;
    response
}

impl Documents {
    fn open_api(&self, app: &App) -> &openapi::Documents {
        self.openapi.get_or_init(|| openapi::Documents::new(&self.kinds, app.api.now()))
    }
}

/// The answer, saying since when the documents are what they are.
fn modified(documents: &openapi::Documents, mut response: Response<Body>) -> Response<Body> {
    set(&mut response, header::LAST_MODIFIED, &http_date(documents.since));
    response
}

fn http_date(moment: Moment) -> String {
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
