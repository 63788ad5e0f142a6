//! The pages of discovery: `/api`, `/apis`, and what is directly below them, in the form the client accepts.

use axum::{
    body::Body,
    http::{Response, StatusCode, header, request::Parts},
};
use serde_json::Value;

use super::{
    discovery,
    document::{Document, set},
};
use crate::http::{
    App,
    request::{negotiate, query::Query},
    response::reply::{self, Format},
};
use crate::{
    schema,
    wire::{self, MediaType},
};

/// `/api` and `/apis`, aggregated or legacy.
pub fn api_root(app: &App, parts: &Parts, core: bool) -> Response<Body> {
    let documents = app.documents();
    let kinds = &documents.kinds;
    if discovery::wants_aggregated(negotiate::text(&parts.headers, header::ACCEPT).unwrap_or_default()) {
        let slot = if core { &documents.core } else { &documents.groups };
        let document = slot.get_or_init(|| Document::json(&discovery::aggregated(kinds, core)));
        let mut response = document.response(&parts.headers, discovery::AGGREGATED);
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

/// A legacy discovery document about groups. kube-apiserver's aggregator serves these without asking the router.
pub fn unrouted(parts: &Parts, document: &Value) -> Response<Body> {
    let query = Query::parse(parts.uri.query());
    match negotiate::output(&parts.headers, false) {
        Ok(output) if output.media == MediaType::Protobuf => in_protobuf(document),
        Ok(output) => Format::new(output, &query, &parts.headers).value(StatusCode::OK, document),
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
