//! Redirects, as a Go client follows them.

use hyper::{HeaderMap, Method, StatusCode, Uri, header};

/// How many requests one call may make.
pub(super) const REQUESTS_MAX: usize = 10;

/// Where a response redirects the client, and with which method and body.
pub(super) struct Redirect {
    pub(super) uri: Uri,
    pub(super) method: Method,
    /// Whether the body goes along.
    pub(super) keeps_body: bool,
}

/// The redirect in a response: nothing if it is no redirect, or one that the client may leave alone.
pub(super) fn follow(
    status: StatusCode,
    headers: &HeaderMap,
    from: &Uri,
    method: &Method,
) -> Result<Option<Redirect>, String> {
    let (is_asked, keeps_body) = match status.as_u16() {
        301..=303 => (true, false),
        307 | 308 => (headers.contains_key(header::LOCATION), true),
        _ => (false, false),
    };
    if !is_asked {
        return Ok(None);
    }
    let Some(location) = headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).filter(|l| !l.is_empty())
    else {
        return Err(format!("{} response missing Location header", status.as_u16()));
    };
    let uri = resolve(from, location).ok_or_else(|| format!("failed to parse Location header \"{location}\""))?;
    let method = if keeps_body || matches!(*method, Method::GET | Method::HEAD) { method.clone() } else { Method::GET };
    Ok(Some(Redirect { uri, method, keeps_body }))
}

/// A location may leave out what it shares with the request it responds to.
fn resolve(from: &Uri, location: &str) -> Option<Uri> {
    let location = location.split('#').next().unwrap_or_default();
    if location.contains("://") {
        return location.parse().ok();
    }
    let (scheme, authority) = (from.scheme_str()?, from.authority()?);
    if let Some(rest) = location.strip_prefix("//") {
        return format!("{scheme}://{rest}").parse().ok();
    }
    if location.starts_with('/') {
        return format!("{scheme}://{authority}{location}").parse().ok();
    }
    if location.starts_with('?') {
        return format!("{scheme}://{authority}{}{location}", from.path()).parse().ok();
    }
    let folder = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{scheme}://{authority}{folder}/{location}").parse().ok()
}
