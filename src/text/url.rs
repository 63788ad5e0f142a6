//! URLs as Go's `net/url` parses them, with its errors.

use super::{go_quote, percent};

/// The parts of a URL, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url<'a> {
    /// In lower case.
    pub scheme: String,
    /// User information, without the `@`.
    pub user: Option<&'a str>,
    /// Host and port.
    pub host: &'a str,
    /// The path, its escapes not decoded.
    pub path: &'a str,
    /// What follows `?`.
    pub query: &'a str,
    /// What follows `#`.
    pub fragment: &'a str,
}

impl<'a> Url<'a> {
    /// Parses a URL. The error is the one of Go's `url.Parse`.
    pub fn parse(text: &'a str) -> Result<Self, String> {
        let (front, fragment) = text.split_once('#').unwrap_or((text, ""));
        let refused = |shown: &str, why: String| format!("parse {}: {why}", go_quote(shown));
        let url = parse(front).map_err(|why| refused(front, why))?;
        check_escapes(fragment).map_err(|why| refused(text, why))?;
        Ok(Self { fragment, ..url })
    }

    /// The host without its port, and the port as written.
    pub fn host_and_port(&self) -> (&'a str, Option<&'a str>) {
        match self.host.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                (unbracketed(host), Some(port).filter(|port| !port.is_empty()))
            }
            _ => (unbracketed(self.host), None),
        }
    }
}

fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

fn parse(text: &str) -> Result<Url<'_>, String> {
    if text.bytes().any(|b| b < b' ' || b == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    if text == "*" {
        return Ok(Url { path: "*", ..Url::default() });
    }
    let (scheme, rest) = split_scheme(text)?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut url = Url { scheme: scheme.to_ascii_lowercase(), query, ..Url::default() };
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            return Ok(url);
        }
        if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    url.path = rest;
    if let Some(authority) = rest.strip_prefix("//").filter(|rest| !scheme.is_empty() || !rest.starts_with('/')) {
        let (authority, path) = authority.split_at(authority.find('/').unwrap_or(authority.len()));
        (url.user, url.host) = split_authority(authority)?;
        url.path = path;
    }
    check_escapes(url.path)?;
    Ok(url)
}

/// What stands before the first colon, if it can be a scheme.
fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    for (i, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if i > 0 => {}
            b':' if i == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((&text[..i], &text[i + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

fn split_authority(authority: &str) -> Result<(Option<&str>, &str), String> {
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    check_host(host)?;
    if let Some(user) = user {
        if !user.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b)) {
            return Err("net/url: invalid userinfo".to_owned());
        }
        check_escapes(user)?;
    }
    Ok((user, host))
}

fn check_host(host: &str) -> Result<(), String> {
    let port = if host.starts_with('[') {
        let end = host.rfind(']').ok_or("missing ']' in host")?;
        &host[end + 1..]
    } else {
        host.rfind(':').map_or("", |colon| &host[colon..])
    };
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()));
    if !is_port {
        return Err(format!("invalid port {} after host", go_quote(port)));
    }
    check_escapes(host)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() || "!$&'()*+,;=:[]<>\"-_.~%".contains(c);
    match host.chars().find(|c| !allowed(*c)) {
        Some(wrong) => Err(format!("invalid character {} in host name", go_quote(&wrong.to_string()))),
        None => Ok(()),
    }
}

/// The first broken escape is named with the two characters after it.
fn check_escapes(text: &str) -> Result<(), String> {
    if percent::decode(text).is_some() {
        return Ok(());
    }
    let broken = text.char_indices().filter(|(_, c)| *c == '%').map(|(i, _)| &text[i..]).find(|after| {
        let digits = after.as_bytes().get(1..3);
        !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    let shown: String = broken.unwrap_or_default().chars().take(3).collect();
    Err(format!("invalid URL escape {}", go_quote(&shown)))
}
