//! The whole surface on one page: which path leads where, and what every answer has.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::State,
    http::{HeaderName, HeaderValue, Request, Response, header},
    routing::{any, get},
};
use futures_util::{
    FutureExt,
    future::{Either, ready},
};
use tokio::sync::watch;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::{CompressionLevel, compression::CompressionLayer, compression::predicate::SizeAbove};

use super::{
    front::{
        gate::{self, Gate},
        metrics::Metrics,
    },
    pages::{
        handlers::{self, Document},
        health::Endpoint,
        openapi,
    },
    resource,
};
use crate::verbs::{Api, Kinds};

/// A body must be longer than this to be compressed.
const GZIP_MIN: u64 = 128 * 1024;

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

/// What the surface must know of its surroundings.
#[derive(Clone)]
pub struct Settings {
    /// Host and port under which clients reach the server.
    pub address: String,
    /// Becomes true when the server begins to stop: watches then end, and `/readyz` says so.
    pub stopping: watch::Receiver<bool>,
    /// Who gets in.
    pub gate: Gate,
}

/// What all handlers share.
pub struct App {
    /// The API.
    pub api: Api,
    /// The surroundings.
    pub settings: Settings,
    /// What has been counted.
    pub metrics: Metrics,
    /// The documents of the newest kinds.
    documents: Mutex<Arc<Documents>>,
}

/// Documents that follow from the kinds that are served, each made when first asked for.
pub struct Documents {
    /// What they are made from.
    pub kinds: Arc<Kinds>,
    /// `/api`, aggregated.
    pub core: OnceLock<Document>,
    /// `/apis`, aggregated.
    pub groups: OnceLock<Document>,
    /// `/openapi/…`.
    pub openapi: OnceLock<openapi::Documents>,
}

/// Everything that can be asked of the server. Cheap to clone.
#[derive(Clone)]
pub struct Surface {
    app: Arc<App>,
    pages: Router,
}

impl Surface {
    /// Every path. Resources and discovery are read by [`super::path`], since their paths follow from the registry.
    pub fn new(app: Arc<App>) -> Self {
        let pages = Router::new()
            .route("/", any(handlers::paths))
            .route("/index.html", any(handlers::paths))
            .route("/healthz", any(handlers::healthz))
            .route("/healthz/{check}", any(|state, path| handlers::health_check(Endpoint::Healthz, state, path)))
            .route("/livez", any(handlers::livez))
            .route("/livez/{check}", any(|state, path| handlers::health_check(Endpoint::Livez, state, path)))
            .route("/readyz", any(handlers::readyz))
            .route("/readyz/{check}", any(|state, path| handlers::health_check(Endpoint::Readyz, state, path)))
            .route("/version", get(handlers::version))
            .route("/version/", get(handlers::version))
            .route("/metrics", any(handlers::metrics))
            .route("/openapi/v2", any(handlers::openapi_v2))
            .route("/openapi/v3", any(handlers::openapi_v3))
            .route("/openapi/v3/{*path}", any(handlers::openapi_v3_document))
            .route("/docs", get(handlers::docs))
            .fallback(resource::handle)
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

    /// Lets a request through the gate, adds what every answer has, and compresses long ones for those who ask.
    pub fn answer(&self, request: Request<Body>) -> impl Future<Output = Response<Body>> + Send + use<> {
        let audit = request.headers().get(&AUDIT_ID).cloned();
        let audit = audit.or_else(|| HeaderValue::try_from(self.app.api.new_request_id()).ok());
        let accepts = request.headers().get(header::ACCEPT_ENCODING).cloned();
        let answered = if self.app.settings.gate.is_open(&self.app.api, request.headers()) {
            Either::Left(self.dispatch(request))
        } else {
            let (surface, audit) = (self.clone(), audit.clone());
            Either::Right(Box::pin(async move { gate::check(&surface, audit, request).await }))
        };
        // Chained and not awaited, for a future that awaits another has room for it twice.
        answered.map(|response| dress(response, audit)).then(|response| match accepts {
            Some(accepts) if response.body().size_hint().exact().is_some_and(|size| size > GZIP_MIN) => {
                Either::Left(Box::pin(compress(response, accepts)))
            }
            _ => Either::Right(ready(response)),
        })
    }

    /// Answers a request that has passed the gate. Resources, which are nearly all that is asked for, are told by the
    /// beginning of their path, so that they do not pay for the table of pages.
    pub fn dispatch(&self, request: Request<Body>) -> impl Future<Output = Response<Body>> + Send + use<> {
        if request.uri().path().starts_with("/api") {
            return Either::Left(resource::handle(State(Arc::clone(&self.app)), request));
        }
        let answered = self.pages.clone().oneshot(request);
        Either::Right(Box::pin(answered.map(|Ok(response)| response)))
    }
}

impl App {
    /// The API in its surroundings.
    pub fn new(api: Api, settings: Settings) -> Arc<Self> {
        let metrics = Metrics::new(&api);
        let documents = Mutex::new(Documents::of(api.registry().kinds()));
        Arc::new(Self { api, settings, metrics, documents })
    }

    /// The documents of the kinds that are served now.
    pub fn documents(&self) -> Arc<Documents> {
        let kinds = self.api.registry().kinds();
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        if documents.kinds.generation() != kinds.generation() {
            *documents = Documents::of(kinds);
        }
        Arc::clone(&documents)
    }
}

impl Documents {
    fn of(kinds: Arc<Kinds>) -> Arc<Self> {
        Arc::new(Self { kinds, core: OnceLock::new(), groups: OnceLock::new(), openapi: OnceLock::new() })
    }
}

/// Adds the headers that every answer has.
fn dress(mut response: Response<Body>, audit: Option<HeaderValue>) -> Response<Body> {
    let headers = response.headers_mut();
    if let Some(id) = audit {
        headers.insert(AUDIT_ID, id);
    }
    headers.extend(PRIORITY);
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache, private"));
    response
}

/// Compresses a body of known length as the client accepts it.
async fn compress(response: Response<Body>, accepts: HeaderValue) -> Response<Body> {
    let mut request = Request::new(Body::empty());
    request.headers_mut().insert(header::ACCEPT_ENCODING, accepts);
    let mut response = Some(response);
    let answer = service_fn(move |_: Request<Body>| {
        std::future::ready(Ok::<_, std::convert::Infallible>(response.take().unwrap_or_default()))
    });
    let layer = CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(SizeAbove::new(GZIP_MIN));
    let Ok(compressed) = layer.layer(answer).oneshot(request).await;
    compressed.map(Body::new)
}
