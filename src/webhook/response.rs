//! What a webhook's HTTP response means, and what went wrong with a call, in the words of kube-apiserver's client.

use bytes::Bytes;
use hyper::{HeaderMap, StatusCode, header};
use serde_json::Value;

use crate::{text::go_quote, wire};

/// How much of an error's text is shown, in bytes.
const SHOWN_BYTES_MAX: usize = 2048;

/// Why a call came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The configuration does not make a client: its CA bundle cannot be read.
    #[error("{0}")]
    Unusable(String),
    /// The call failed, or what came back cannot be read.
    #[error("{0}")]
    Failed(String),
}

/// The body of a response with a good status; otherwise what a Go client makes of it.
pub(super) fn read(status: StatusCode, headers: &HeaderMap, body: Bytes) -> Result<Bytes, String> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !(200..=206).contains(&status.as_u16()) {
        return Err(own_text(&body).unwrap_or_else(|| text(status.as_u16(), content_type, &body)));
    }
    if body.is_empty() {
        let shown = if content_type.is_empty() { "application/json" } else { content_type };
        return Err(format!("0-length response with status code: {} and content type: {shown}", status.as_u16()));
    }
    Ok(body)
}

/// The message of a body that is a `Status` itself.
fn own_text(body: &[u8]) -> Option<String> {
    let status = wire::json::parse(body).ok()?.into_value();
    let text = |member: &str, default: &str| {
        let value = status.get(member).and_then(Value::as_str).unwrap_or_default();
        if value.is_empty() { default.to_owned() } else { value.to_owned() }
    };
    let is_failure = status.is_object()
        && text("kind", "Status") == "Status"
        && text("apiVersion", "v1") == "v1"
        && text("status", "") == "Failure";
    is_failure.then(|| text("message", ""))
}

fn text(code: u16, content_type: &str, body: &[u8]) -> String {
    let is_text = content_type.is_empty() || content_type.trim_start().to_ascii_lowercase().starts_with("text/");
    let sent = if is_text {
        String::from_utf8_lossy(&body[..body.len().min(SHOWN_BYTES_MAX)]).trim().to_owned()
    } else {
        "unknown".to_owned()
    };
    let fixed = match code {
        400 => "the server rejected our request for an unknown reason",
        401 => "the server has asked for the client to provide credentials",
        403 => return sent,
        404 => "the server could not find the requested resource",
        405 => "the server does not allow this method on the requested resource",
        406 if !sent.is_empty() && sent != "unknown" => return sent,
        406 => "the server was unable to respond with a content type that the client supports",
        409 => "the server reported a conflict",
        415 => return sent,
        422 => "the server rejected our request due to an error in our request",
        429 => "the server has received too many requests and has asked us to try again later",
        503 => "the server is currently unable to handle the request",
        504 => {
            "the server was unable to return a response in the time allotted, but may still be processing the request"
        }
        500.. => {
            return format!("an error on the server ({}) has prevented the request from succeeding", go_quote(&sent));
        }
        _ => return format!("the server responded with the status code {code} but did not return more information"),
    };
    fixed.to_owned()
}
