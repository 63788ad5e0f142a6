//! Rules of HTTP/1.1 that hyper leaves to the server: one `Host`, and no transfer coding but `chunked`.

use axum::{
    body::Body,
    http::{HeaderValue, Request, Response, StatusCode, Version, header},
};

use crate::http::response::reply;

/// Whether a request keeps the rules; the response says what it breaks, and ends the connection.
pub fn check<B>(request: &Request<B>) -> Result<(), Box<Response<Body>>> {
    if request.version() != Version::HTTP_11 {
        return Ok(());
    }
    let headers = request.headers();
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), None) => {}
        (None, _) => return refuse(StatusCode::BAD_REQUEST, "400 Bad Request: missing required Host header"),
        (Some(_), Some(_)) => return refuse(StatusCode::BAD_REQUEST, "400 Bad Request: too many Host headers"),
    }
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next()
        && (codings.next().is_some() || !coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
    {
        return refuse(StatusCode::NOT_IMPLEMENTED, "Unsupported transfer encoding");
    }
    Ok(())
}

fn refuse(code: StatusCode, text: &'static str) -> Result<(), Box<Response<Body>>> {
    let mut response = reply::text(code, text);
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    Err(Box::new(response))
}
