//! `/openapi/v2` and `/openapi/v3/…`: the documents in the form a client accepts.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, State},
    http::{Request, Response, StatusCode, header},
};
use jiff::SignedDuration;

use super::{
    document::{empty, set},
    openapi::{self, Media},
};
use crate::http::{
    App,
    request::{negotiate, query::Query},
};
use crate::kinds::model::strategy::Moment;

/// All Kubernetes resources in OpenAPI 2.0, in JSON or protobuf.
#[utoipa::path(
    get,
    tag = "pages",
    path = "/openapi/v2",
    operation_id = "openapi_v2",
    responses(
        (status = 200, description = "The document", content(
            (String = "application/json"),
            (Vec<u8> = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
        )),
        (status = 304, description = "The client has it"),
        (status = 406, description = "Neither is accepted")
    )
)]
pub async fn v2(State(app): State<Arc<App>>, request: Request<Body>) -> Response<Body> {
    let accept = negotiate::text(request.headers(), header::ACCEPT).unwrap_or_default();
    let Some(media) = openapi::v2_media(accept) else { return empty(StatusCode::NOT_ACCEPTABLE) };
    let content_type = match media {
        Media::Json => negotiate::JSON,
        Media::Protobuf => openapi::V2_PROTOBUF,
    };
    let served = app.documents();
    let documents = served.openapi(&app.api);
    modified(documents, documents.v2(media).response(request.headers(), content_type))
}

/// Where the OpenAPI 3.0 document of each group version is.
#[utoipa::path(
    get,
    tag = "pages",
    path = "/openapi/v3",
    operation_id = "openapi_v3",
    responses((status = 200, description = "Addresses with hashes", content_type = "application/json"))
)]
pub async fn v3(State(app): State<Arc<App>>, request: Request<Body>) -> Response<Body> {
    let served = app.documents();
    let documents = served.openapi(&app.api);
    modified(documents, documents.v3_index().response(request.headers(), negotiate::JSON))
}

/// One group version in OpenAPI 3.0.
#[utoipa::path(
    get,
    tag = "pages",
    path = "/openapi/v3/{path}",
    operation_id = "openapi_v3_document",
    params(
        ("path" = String, Path, description = "`api/v1` or `apis/<group>/<version>`"),
        ("hash" = Option<String>, Query, description = "The document's hash; with it, the response may be kept for ever")
    ),
    responses(
        (status = 200, description = "The document", content(
            (String = "application/json"),
            (Vec<u8> = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf")
        )),
        (status = 301, description = "It has another hash now"),
        (status = 304, description = "The client has it"),
        (status = 404, description = "There is no such group version"),
        (status = 406, description = "Neither is accepted")
    )
)]
pub async fn v3_document(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let served = app.documents();
    let documents = served.openapi(&app.api);
    let media = openapi::v3_media(negotiate::text(request.headers(), header::ACCEPT).unwrap_or_default());
    let Some(document) = documents.v3(&path, media.unwrap_or(Media::Json)) else {
        return empty(StatusCode::NOT_FOUND);
    };
    let content_type = match media {
        Some(Media::Json) => negotiate::JSON,
        Some(Media::Protobuf) => openapi::V3_PROTOBUF,
        None => return empty(StatusCode::NOT_ACCEPTABLE),
    };
    match Query::parse(request.uri().query()).first("hash").filter(|hash| !hash.is_empty()) {
        None => modified(documents, document.response(request.headers(), content_type)),
        Some(hash) if hash == document.hash => {
            let mut response = modified(documents, document.response(request.headers(), content_type));
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

/// The response, saying since when the documents are what they are.
fn modified(documents: &openapi::Documents, mut response: Response<Body>) -> Response<Body> {
    set(&mut response, header::LAST_MODIFIED, &http_date(documents.since));
    response
}

fn http_date(moment: Moment) -> String {
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
