//! Classes of characters: in brackets, by a letter such as `\d`, and by a property such as `\pL`.

use super::syntax::{Parser, push_char, refused};

/// How much a Unicode class counts for.
pub const CLASS_SIZE: u64 = 400;

/// The classes that have names in brackets.
const NAMED: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// The class of a letter after a backslash; all of them are ASCII.
pub fn perl(letter: u8) -> Option<&'static str> {
    Some(match letter {
        b'd' => "[0-9]",
        b'D' => "[^0-9]",
        b's' => "[\\t\\n\\f\\r\\x20]",
        b'S' => "[^\\t\\n\\f\\r\\x20]",
        b'w' => "[0-9A-Za-z_]",
        b'W' => "[^0-9A-Za-z_]",
        _ => return None,
    })
}

/// Reads a class in brackets and writes it. Returns how much it counts for.
pub fn bracketed(parser: &mut Parser<'_>) -> Result<u64, String> {
    let before = parser.rest;
    parser.rest = &before[1..];
    parser.out.push('[');
    if let Some(rest) = parser.rest.strip_prefix('^') {
        parser.rest = rest;
        parser.out.push('^');
    }
    let (mut is_first, mut size) = (true, 1);
    while is_first || !parser.rest.starts_with(']') {
        is_first = false;
        size += member(parser, before)?;
    }
    parser.rest = &parser.rest[1..];
    parser.out.push(']');
    Ok(size)
}

/// Reads what a bracket holds: a class, a character, or a range of them.
fn member<'a>(parser: &mut Parser<'a>, whole: &'a str) -> Result<u64, String> {
    let before = parser.rest;
    if let Some(end) = before.strip_prefix("[:").and_then(|rest| rest.find(":]")) {
        let written = &before[..end + 4];
        let name = &written[2..end + 2];
        if !NAMED.contains(&name.strip_prefix('^').unwrap_or(name)) {
            return Err(refused("invalid character class range", written));
        }
        parser.rest = &before[written.len()..];
        parser.out.push_str(written);
        return Ok(1);
    }
    if before.starts_with("\\p") || before.starts_with("\\P") {
        let written = unicode(parser)?;
        parser.out.push_str(&written);
        return Ok(CLASS_SIZE);
    }
    if let Some(written) = before.strip_prefix('\\').and_then(|rest| perl(*rest.as_bytes().first()?)) {
        parser.rest = &before[2..];
        parser.out.push_str(written);
        return Ok(1);
    }
    let low = character(parser, whole)?;
    push_char(&mut parser.out, low);
    let range = parser.rest.strip_prefix('-').filter(|rest| !rest.is_empty() && !rest.starts_with(']'));
    if let Some(rest) = range {
        parser.rest = rest;
        let high = character(parser, whole)?;
        if high < low {
            return Err(refused("invalid character class range", parser.since(before)));
        }
        parser.out.push('-');
        push_char(&mut parser.out, high);
        if !high.is_ascii() {
            return Ok(8);
        }
    }
    Ok(1)
}

fn character<'a>(parser: &mut Parser<'a>, whole: &'a str) -> Result<char, String> {
    match parser.rest.chars().next() {
        None => Err(refused("missing closing ]", whole)),
        Some('\\') => parser.escaped(),
        Some(c) => {
            parser.rest = &parser.rest[c.len_utf8()..];
            Ok(c)
        }
    }
}

/// Reads a class of a Unicode property: `\pL`, `\p{Greek}`, `\P{^Lu}`. Returns it as it is written.
pub fn unicode(parser: &mut Parser<'_>) -> Result<String, String> {
    let before = parser.rest;
    let Some(c) = before[2..].chars().next() else {
        return Err(refused("invalid character class range", before));
    };
    let name = if c == '{' {
        let Some(end) = before.find('}') else { return Err(refused("invalid character class range", before)) };
        parser.rest = &before[end + 1..];
        &before[3..end]
    } else {
        parser.rest = &before[2 + c.len_utf8()..];
        parser.since(before).split_at(2).1
    };
    let (is_inverted, name) = name.strip_prefix('^').map_or((false, name), |name| (true, name));
    let letter = if before.starts_with("\\P") == is_inverted { 'p' } else { 'P' };
    let is_plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_- ".contains(&b));
    let candidates =
        [format!("\\{letter}{{gc={name}}}"), format!("\\{letter}{{sc={name}}}"), format!("\\{letter}{{{name}}}")];
    let special = ["any", "assigned", "ascii"].contains(&&*name.to_lowercase());
    let mut candidates = candidates.into_iter().take(if special { 3 } else { 2 });
    candidates
        .find(|written| is_plain && regex::Regex::new(written).is_ok())
        .ok_or_else(|| refused("invalid character class range", parser.since(before)))
}
