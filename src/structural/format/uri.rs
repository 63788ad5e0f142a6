//! URIs as Go's `net/url` reads them in requests.

/// An absolute URI, or an absolute path.
pub fn is_request_uri(text: &str) -> bool {
    if text.is_empty() || text.bytes().any(|b| b < b' ' || b == 0x7f) {
        return false;
    }
    let Some((scheme, rest)) = split_scheme(text) else { return false };
    let path = rest.split_once('?').map_or(rest, |(path, _)| path);
    if text == "*" {
        return true;
    }
    if !path.starts_with('/') {
        return !scheme.is_empty();
    }
    match path.strip_prefix("//").filter(|_| !scheme.is_empty()) {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            is_authority(authority) && is_escaped(path)
        }
        None => is_escaped(path),
    }
}

/// The scheme, which may be missing, and what follows it. `None` if there is a colon without a scheme.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).unwrap_or(text.len());
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic());
    match text[end..].strip_prefix(':') {
        _ if !starts_well && end > 0 => Some(("", text)),
        Some(_) if end == 0 => None,
        Some(rest) => Some((&text[..end], rest)),
        None => Some(("", text)),
    }
}

fn is_authority(text: &str) -> bool {
    let (user, host) = text.rsplit_once('@').map_or((None, text), |(user, host)| (Some(user), host));
    let is_user_char = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    user.is_none_or(|user| user.chars().all(is_user_char) && is_escaped(user)) && is_host(host)
}

fn is_host(text: &str) -> bool {
    if let Some(inner) = text.strip_prefix('[') {
        let Some((address, port)) = inner.rsplit_once(']') else { return false };
        let (address, zone) = address.split_once("%25").map_or((address, None), |(a, zone)| (a, Some(zone)));
        let is_zone = zone.is_none_or(|zone| !zone.is_empty() && is_escaped(zone));
        return is_port(port) && is_zone && address.contains(':') && address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let (host, port) = text.find(':').map_or((text, ""), |colon| text.split_at(colon));
    let is_host_char = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=[]<>\"%".contains(c);
    is_port(port) && host.chars().all(is_host_char) && is_escaped(host) && host_escapes_are_not_ascii(host)
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':').map_or(text.is_empty(), |digits| digits.bytes().all(|b| b.is_ascii_digit()))
}

/// In a host only bytes beyond ASCII may be escaped.
fn host_escapes_are_not_ascii(host: &str) -> bool {
    host.match_indices('%')
        .all(|(at, _)| matches!(host.as_bytes().get(at + 1), Some(b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F')))
}

/// Whether each `%` is followed by two digits.
fn is_escaped(text: &str) -> bool {
    text.match_indices('%').all(|(at, _)| {
        let digits = text.as_bytes().get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}
