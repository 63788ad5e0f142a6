//! URLs, parsed as Go's `net/url` parses the target of a request.

use std::collections::BTreeMap;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Library, Row};
use crate::cel::error::Error;
use crate::cel::value::{Key, Map, Value};
use crate::text::{go_quote, percent};

pub const FUNCTIONS: &[Row] = &[
    (&["url(string) url"], |args| match args {
        [Value::String(text)] => match Url::parse(text) {
            Ok(url) => Ok(Value::Library(Library::Url(Arc::new(url)))),
            Err(why) => Err(Error::new(format!(
                "URL parse error during conversion from string: parse {}: {why}",
                go_quote(text)
            ))),
        },
        _ => Err(Error::no_such_overload()),
    }),
    (&["isURL(string) bool"], |args| match args {
        [Value::String(text)] => Ok(Value::Bool(Url::parse(text).is_ok())),
        _ => Err(Error::no_such_overload()),
    }),
    (&["(url).getScheme() string"], |args| part(args, |url| url.scheme.clone())),
    (&["(url).getHost() string"], |args| part(args, |url| url.host.clone())),
    (&["(url).getHostname() string"], |args| part(args, |url| url.host_and_port().0.to_owned())),
    (&["(url).getPort() string"], |args| part(args, |url| url.host_and_port().1.to_owned())),
    (&["(url).getEscapedPath() string"], |args| part(args, Url::escaped_path)),
    (&["(url).getQuery() map(string, list(string))"], |args| match args {
        [Value::Library(Library::Url(url))] => Ok(url.query_values()),
        _ => Err(Error::no_such_overload()),
    }),
];

fn part<'a>(args: &[Value<'a>], of: fn(&Url) -> String) -> Result<Value<'a>, Error> {
    match args {
        [Value::Library(Library::Url(url))] => Ok(Value::string(of(url))),
        _ => Err(Error::no_such_overload()),
    }
}

#[derive(Debug, PartialEq)]
pub struct Url {
    scheme: String,
    host: String,
    /// As written.
    path: String,
    query: String,
}

/// What a path may hold unescaped.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'/')
    .remove(b':')
    .remove(b'=')
    .remove(b'@');

impl Url {
    /// Parses a URL; the error is Go's.
    pub fn parse(text: &str) -> Result<Url, String> {
        if text.bytes().any(|b| b < 0x20 || b == 0x7f) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        if text.is_empty() {
            return Err("empty url".to_owned());
        }
        let (scheme, rest) = scheme(text)?;
        let scheme = scheme.to_ascii_lowercase();
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut url = Url { scheme, host: String::new(), path: rest.to_owned(), query: query.to_owned() };
        if text == "*" {
            return Ok(url);
        }
        if !rest.starts_with('/') {
            if url.scheme.is_empty() {
                return Err("invalid URI for request".to_owned());
            }
            url.path = String::new();
            return Ok(url);
        }
        if let Some(authority) = rest.strip_prefix("//").filter(|_| !url.scheme.is_empty()) {
            let end = authority.find('/').unwrap_or(authority.len());
            url.host = host(&authority[..end])?;
            url.path = authority[end..].to_owned();
        }
        match broken_escape(&url.path) {
            Some(escape) => Err(format!("invalid URL escape {}", go_quote(escape))),
            None => Ok(url),
        }
    }

    /// The host without brackets, and the port.
    fn host_and_port(&self) -> (&str, &str) {
        let end_of_address = self.host.find(']').unwrap_or(0);
        let (name, port) = match self.host[end_of_address..].rfind(':') {
            Some(colon) => (&self.host[..end_of_address + colon], &self.host[end_of_address + colon + 1..]),
            None => (self.host.as_str(), ""),
        };
        let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        (address.unwrap_or(name), port)
    }

    /// The path as written, if that is a valid encoding, or else encoded anew.
    fn escaped_path(&self) -> String {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:@[]%/".contains(&b);
        if self.path.bytes().all(is_plain) {
            return self.path.clone();
        }
        let decoded = percent::decode(&self.path).unwrap_or_default();
        utf8_percent_encode(&decoded, PATH).to_string()
    }

    fn query_values<'a>(&self) -> Value<'a> {
        let mut values: BTreeMap<String, Vec<Value<'a>>> = BTreeMap::new();
        for pair in self.query.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';')) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if let (Some(key), Some(value)) = (percent::decode_query(key), percent::decode_query(value)) {
                values.entry(key.into_owned()).or_default().push(Value::string(value.into_owned()));
            }
        }
        let entry = |(key, values): (String, Vec<Value<'a>>)| {
            (Key::String(Arc::from(key.as_str())), (Value::string(key), Value::list(values)))
        };
        Value::Map(Map::Made(Arc::new(values.into_iter().map(entry).collect())))
    }
}

fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

fn host(authority: &str) -> Result<String, String> {
    let host = match authority.rsplit_once('@') {
        Some((user, _)) if !user.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b)) => {
            return Err("net/url: invalid userinfo".to_owned());
        }
        Some((_, host)) => host,
        None => authority,
    };
    let port = match host.strip_prefix('[') {
        Some(_) => match host.rfind(']') {
            Some(end) => &host[end + 1..],
            None => return Err("missing ']' in host".to_owned()),
        },
        None => host.rfind(':').map_or("", |colon| &host[colon..]),
    };
    let is_port = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()));
    if !is_port {
        return Err(format!("invalid port {} after host", go_quote(port)));
    }
    if let Some(escape) = broken_escape(host) {
        return Err(format!("invalid URL escape {}", go_quote(escape)));
    }
    let is_fine = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "-_.~!$&'()*+,;=:[]<>\"%".contains(c);
    match host.chars().find(|c| !is_fine(*c)) {
        Some(wrong) => Err(format!("invalid character {} in host name", go_quote(&wrong.to_string()))),
        None => Ok(percent::decode(host).unwrap_or_default().into_owned()),
    }
}

/// The first `%` without two hexadecimal digits behind it, and up to two characters more.
fn broken_escape(text: &str) -> Option<&str> {
    for (at, _) in text.match_indices('%') {
        let rest = &text[at..];
        let is_whole = rest.as_bytes().get(1..3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        if !is_whole {
            let end = rest.char_indices().nth(3).map_or(rest.len(), |(end, _)| end);
            return Some(&rest[..end]);
        }
    }
    None
}
