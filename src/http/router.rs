//! The whole surface on one page: which path leads where, and what every response has.

use std::{io, sync::Arc};

use async_compression::{Level, tokio::bufread::GzipEncoder};
use axum::{
    Router,
    body::{Body, HttpBody},
    http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header},
    routing::{any, get},
};
use futures_util::{
    FutureExt, TryStreamExt,
    future::{Either, ready},
};
use tokio_util::io::{ReaderStream, StreamReader};
use tower::ServiceExt;

use super::{
    App,
    front::gate,
    pages::{docs, health, index, metrics, openapi_pages, version},
    request::{negotiate, query::Query},
    resource,
    response::reply,
};

/// A body must be longer than this to be compressed.
const GZIP_MIN: u64 = 128 * 1024;
/// A piece of a compressed body has so many bytes.
const GZIP_CHUNK: usize = 32 * 1024;

const AUDIT_ID: HeaderName = HeaderName::from_static("audit-id");
/// Which flow and which level of priority a request was given. Here all are alike, so the uids never change.
const PRIORITY: [(HeaderName, HeaderValue); 2] = [
    (
        HeaderName::from_static("x-kubernetes-pf-flowschema-uid"),
        HeaderValue::from_static("5b2cf3a0-6a4c-4d0e-9d7b-0f6f2f1f3c11"),
    ),
    (
        HeaderName::from_static("x-kubernetes-pf-prioritylevel-uid"),
        HeaderValue::from_static("c7a0b4de-51d9-4a53-8f0e-6a2f9f0f7e22"),
    ),
];

/// Everything that can be asked of the server. Cheap to clone.
#[derive(Clone)]
pub struct Surface {
    app: Arc<App>,
    pages: Router,
}

impl Surface {
    /// Every page. The paths below `/api` and `/apis` follow from the kinds that are served: see [`super::resource`].
    pub fn new(app: Arc<App>) -> Self {
        let pages = Router::new()
            .route("/", any(index::paths))
            .route("/index.html", any(index::paths))
            .route("/healthz", any(health::health))
            .route("/healthz/{check}", any(health::health))
            .route("/livez", any(health::health))
            .route("/livez/{check}", any(health::health))
            .route("/readyz", any(health::health))
            .route("/readyz/{check}", any(health::health))
            .route("/version", get(version::version))
            .route("/version/", get(version::version))
            .route("/version/{*more}", any(version::nothing))
            .route("/metrics", any(metrics::metrics))
            .route("/openapi/v2", any(openapi_pages::v2))
            .route("/openapi/v3", any(openapi_pages::v3))
            .route("/openapi/v3/{*path}", any(openapi_pages::v3_document))
            .route("/docs", get(docs::docs))
            .fallback(async || reply::no_such_page())
            .with_state(Arc::clone(&app));
        Self { app, pages }
    }

    /// Adds the pages of other parts of the server.
    pub fn merge(self, pages: Router) -> Self {
        Self { pages: self.pages.merge(pages), ..self }
    }

    /// What requests share.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Passes a request through the gate, adds the headers that every response has, and compresses a long response for
    /// a client that accepts it.
    pub fn respond(&self, request: Request<Body>) -> impl Future<Output = Response<Body>> + Send + use<> {
        let audit = request.headers().get(&AUDIT_ID).cloned();
        let audit = audit.or_else(|| HeaderValue::try_from(self.app.api.new_request_id()).ok());
        let gzip = accepts_gzip(request.headers());
        let (gate, api) = (&self.app.settings.gate, &self.app.api);
        let responded = if let Err(status) = gate.check_source(&request) {
            let query = Query::parse(request.uri().query());
            Either::Right(Either::Left(ready(reply::error(request.headers(), &query, &status))))
        } else if gate.is_open(api, request.headers()) {
            Either::Left(self.dispatch(request))
        } else {
            let (gate, api, surface, audit) = (gate.clone(), api.clone(), self.clone(), audit.clone());
            let next = move |request| surface.dispatch(request);
            Either::Right(Either::Right(Box::pin(gate::check(gate, api, audit, request, next))))
        };
        // Chained and not awaited, for a future that awaits another has room for it twice.
        responded.map(move |response| {
            let response = add_common_headers(response, audit);
            let is_long = response.body().size_hint().exact().is_some_and(|size| size > GZIP_MIN);
            if gzip && is_long && !response.headers().contains_key(header::CONTENT_ENCODING) {
                compress(response)
            } else {
                response
            }
        })
    }

    /// Responds to a request that has passed the gate.
    fn dispatch(&self, request: Request<Body>) -> impl Future<Output = Response<Body>> + Send + use<> {
        let below_root = request.uri().path().trim_start_matches('/');
        match below_root.split('/').next().unwrap_or_default() {
            "api" | "apis" => Either::Left(resource::handle(Arc::clone(&self.app), request)),
            _ => Either::Right(Box::pin(self.pages.clone().oneshot(request).map(|Ok(response)| response))),
        }
    }
}

fn add_common_headers(mut response: Response<Body>, audit: Option<HeaderValue>) -> Response<Body> {
    let headers = response.headers_mut();
    if let Some(id) = audit {
        headers.insert(AUDIT_ID, id);
    }
    headers.extend(PRIORITY);
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache, private"));
    response
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = negotiate::text(headers, header::ACCEPT_ENCODING).unwrap_or_default();
    accepted.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let is_gzip = parts.next() == Some("gzip");
        let quality = parts.find_map(|part| part.strip_prefix("q="));
        is_gzip && quality.is_none_or(|quality| quality.parse().is_ok_and(|quality: f32| quality > 0.0))
    })
}

/// Compresses a body piece by piece, as the client reads it.
fn compress(response: Response<Body>) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    head.headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    let plain = StreamReader::new(body.into_data_stream().map_err(io::Error::other));
    let compressed = GzipEncoder::with_quality(plain, Level::Fastest);
    Response::from_parts(head, Body::from_stream(ReaderStream::with_capacity(compressed, GZIP_CHUNK)))
}
