//! A document that is made once and sent with its entity tag.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
};
use bytes::Bytes;
use serde_json::Value;
use sha2::{Digest, Sha512};

use crate::http::{request::negotiate, response::reply};
use crate::wire;

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
    pub fn response(&self, headers: &HeaderMap, content_type: &'static str) -> Response<Body> {
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

/// Sets a header whose value is known to be one.
pub fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// A response without a body.
pub fn empty(code: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = code;
    response
}
