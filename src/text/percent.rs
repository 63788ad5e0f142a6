//! Percent encoding in URLs and header names, as Go's `net/url` decodes it.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Decodes a path or a header name; `None` for a broken escape. Bytes that are not UTF-8 become U+FFFD.
pub fn decode(text: &str) -> Option<Cow<'_, str>> {
    has_whole_escapes(text).then(|| percent_decode_str(text).decode_utf8_lossy())
}

/// As [`decode`], for a part of a query, where `+` stands for a space.
pub fn decode_query(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('+') {
        return decode(text);
    }
    decode(&text.replace('+', " ")).map(|decoded| Cow::Owned(decoded.into_owned()))
}

/// The crate leaves broken escapes as they are, where Go refuses the whole text.
fn has_whole_escapes(text: &str) -> bool {
    let mut escapes = text.split('%').skip(1);
    escapes.all(|after| after.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}
