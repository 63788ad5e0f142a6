//! Reads Go's syntax of regular expressions, with its errors, and writes the same expression for the `regex` crate: what
//! the two read differently is spelled out.

use std::fmt::Write;

/// How deep groups may be nested.
pub const DEPTH_MAX: usize = 1000;
/// How often a part may be repeated, repetitions within repetitions multiplied.
const REPEATS_MAX: u64 = 1000;
/// The most characters and classes that an expression may have, each counted as often as it is repeated; a Unicode class
/// counts for many.
const SIZE_MAX: u64 = 400_000;

/// How much a Unicode class counts for.
const CLASS_SIZE: u64 = 400;

/// The classes that have names in brackets.
const NAMED: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// Translates an expression, or says what is wrong with it.
pub fn translate(text: &str) -> Result<String, String> {
    let mut parser =
        Parser { text, rest: text, out: String::with_capacity(text.len() + 16), groups: vec![Group::default()] };
    let mut repeated = None;
    while !parser.rest.is_empty() {
        repeated = parser.step(repeated)?;
    }
    let whole = parser.groups.pop().expect("the outermost group is never closed");
    match (parser.groups.is_empty(), whole.size) {
        (false, _) => Err(refused("missing closing )", text)),
        (true, size) if size > SIZE_MAX => Err(refused("expression too large", text)),
        _ => Ok(parser.out),
    }
}

/// An error about a part of an expression.
pub fn refused(what: &str, part: &str) -> String {
    format!("{what}: `{part}`")
}

/// Reads an expression from left to right.
pub struct Parser<'a> {
    pub text: &'a str,
    /// What is not read yet.
    pub rest: &'a str,
    /// The translation.
    pub out: String,
    groups: Vec<Group>,
}

/// What is known of a group that is not closed yet.
#[derive(Default)]
struct Group {
    /// What has just been read, and could be repeated.
    last: Option<Item>,
    size: u64,
    repeats: u64,
}

/// A part of an expression.
#[derive(Clone, Copy)]
struct Item {
    size: u64,
    repeats: u64,
}

impl<'a> Parser<'a> {
    /// Reads one part. If it was a repetition, returns what was left where it began, since it must not be repeated.
    fn step(&mut self, repeated: Option<&'a str>) -> Result<Option<&'a str>, String> {
        let before = self.rest;
        match before.as_bytes()[0] {
            b'(' if before.starts_with("(?") => self.flags()?,
            b'(' => {
                self.rest = &before[1..];
                self.open("(?:")?;
            }
            b'|' => {
                self.rest = &before[1..];
                self.out.push('|');
                self.group().last = None;
            }
            b')' => self.close()?,
            anchor @ (b'^' | b'$' | b'.') => {
                self.rest = &before[1..];
                self.out.push(anchor.into());
                self.add(1);
            }
            b'[' => {
                let size = bracketed(self)?;
                self.add(size);
            }
            b'*' | b'+' | b'?' => {
                self.rest = &before[1..];
                self.repeat(before, repeated, 1)?;
                return Ok(Some(before));
            }
            b'{' => {
                let Some((min, max, rest)) = counts(before) else {
                    return self.literal(before);
                };
                self.rest = rest;
                let (min, max) = (min.unwrap_or(u64::MAX), max.unwrap_or(Some(u64::MAX)));
                if min > REPEATS_MAX || max.is_some_and(|max| max > REPEATS_MAX || min > max) {
                    return Err(refused("invalid repeat count", self.since(before)));
                }
                self.repeat(before, repeated, max.unwrap_or(min).max(1))?;
                return Ok(Some(before));
            }
            b'\\' => self.escape()?,
            _ => return self.literal(before),
        }
        Ok(None)
    }

    /// What has been read since this was left.
    pub fn since(&self, before: &'a str) -> &'a str {
        &before[..before.len() - self.rest.len()]
    }

    fn group(&mut self) -> &mut Group {
        self.groups.last_mut().expect("the outermost group is never closed")
    }

    fn add(&mut self, size: u64) {
        self.add_item(Item { size, repeats: 1 });
    }

    fn add_item(&mut self, item: Item) {
        let group = self.group();
        group.last = Some(item);
        group.size = group.size.saturating_add(item.size);
        group.repeats = group.repeats.max(item.repeats);
    }

    fn literal(&mut self, before: &'a str) -> Result<Option<&'a str>, String> {
        let c = before.chars().next().expect("something is left");
        self.rest = &before[c.len_utf8()..];
        push_char(&mut self.out, c);
        self.add(1);
        Ok(None)
    }

    fn open(&mut self, written: &str) -> Result<(), String> {
        if self.groups.len() > DEPTH_MAX {
            return Err(refused("expression nests too deeply", self.text));
        }
        self.out.push_str(written);
        self.groups.push(Group::default());
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        if self.groups.len() == 1 {
            return Err(refused("unexpected )", self.text));
        }
        self.rest = &self.rest[1..];
        self.out.push(')');
        let group = self.groups.pop().expect("there are two at least");
        self.add_item(Item { size: group.size + 1, repeats: group.repeats.max(1) });
        Ok(())
    }

    /// Repeats what has just been read. A repetition may be followed by `?`.
    fn repeat(&mut self, before: &'a str, repeated: Option<&'a str>, times: u64) -> Result<(), String> {
        self.rest = self.rest.strip_prefix('?').unwrap_or(self.rest);
        if let Some(first) = repeated {
            return Err(refused("invalid nested repetition operator", self.since(first)));
        }
        let operator = self.since(before);
        let Some(item) = self.group().last else {
            return Err(refused("missing argument to repetition operator", operator));
        };
        let repeats = item.repeats.saturating_mul(times);
        if times > 1 && repeats > REPEATS_MAX {
            return Err(refused("invalid repeat count", operator));
        }
        self.out.push_str(operator);
        let group = self.group();
        group.size = group.size.saturating_add(item.size.saturating_mul(times - 1));
        group.repeats = group.repeats.max(repeats);
        group.last = Some(Item { size: item.size.saturating_mul(times), repeats });
        Ok(())
    }

    /// A group with a name or with flags, or flags for the rest of a group.
    fn flags(&mut self) -> Result<(), String> {
        let before = self.rest;
        let named = [("(?P<", 4), ("(?<", 3)].into_iter().find(|(start, _)| before.starts_with(start));
        if let Some((_, start)) = named.filter(|(_, start)| before.len() > *start) {
            let Some(end) = before.find('>') else { return Err(refused("invalid named capture", before)) };
            let name = &before[start..end];
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                return Err(refused("invalid named capture", &before[..=end]));
            }
            self.rest = &before[end + 1..];
            return self.open("(?:");
        }
        self.rest = &before[2..];
        let (mut is_negated, mut has_flag) = (false, false);
        for (at, c) in before.char_indices().skip(2) {
            self.rest = &before[at + c.len_utf8()..];
            match c {
                'i' | 'm' | 's' | 'U' => has_flag = true,
                '-' if !is_negated => (is_negated, has_flag) = (true, false),
                ':' | ')' if !is_negated || has_flag => {
                    let written = self.since(before);
                    return match c {
                        ':' => self.open(written),
                        _ if written == "(?)" => Ok(()),
                        _ => {
                            self.out.push_str(written);
                            Ok(())
                        }
                    };
                }
                _ => break,
            }
        }
        Err(refused("invalid or unsupported Perl syntax", self.since(before)))
    }

    fn escape(&mut self) -> Result<(), String> {
        let before = self.rest;
        let written = match before.as_bytes().get(1) {
            Some(b'A') => "\\A",
            Some(b'z') => "\\z",
            Some(b'b') => "(?-u:\\b)",
            Some(b'B') => "(?-u:\\B)",
            Some(b'Q') => {
                let (literal, rest) = before[2..].split_once("\\E").unwrap_or((&before[2..], ""));
                for c in literal.chars() {
                    push_char(&mut self.out, c);
                    self.add(1);
                }
                self.rest = rest;
                return Ok(());
            }
            Some(b'p' | b'P') => {
                let written = unicode_class(self)?;
                self.out.push_str(&written);
                self.add(CLASS_SIZE);
                return Ok(());
            }
            Some(letter) => match perl_class(*letter) {
                Some(written) => written,
                None => {
                    let c = self.escaped()?;
                    push_char(&mut self.out, c);
                    self.add(1);
                    return Ok(());
                }
            },
            None => return Err(refused("trailing backslash at end of expression", "")),
        };
        self.rest = &before[2..];
        self.out.push_str(written);
        self.add(1);
        Ok(())
    }

    /// The character that is escaped by a backslash.
    pub fn escaped(&mut self) -> Result<char, String> {
        let before = self.rest;
        let Some(c) = before[1..].chars().next() else {
            return Err(refused("trailing backslash at end of expression", ""));
        };
        self.rest = &before[1 + c.len_utf8()..];
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok();
        let found = match c {
            '0'..='7' => {
                let digits = self.rest.bytes().take(2).take_while(|b| (b'0'..=b'7').contains(b)).count();
                if c != '0' && digits == 0 {
                    return Err(refused("invalid escape sequence", self.since(before)));
                }
                self.rest = &self.rest[digits..];
                number(&self.since(before)[1..], 8)
            }
            'x' => match self.rest.strip_prefix('{') {
                Some(inner) => {
                    // Digits are read until the number is too large for any character.
                    let fits =
                        |end: &usize| number(&inner[..*end], 16).is_some_and(|code| code <= u32::from(char::MAX));
                    let digits = inner.bytes().take_while(u8::is_ascii_hexdigit).count();
                    let end = (1..=digits).take_while(fits).last().unwrap_or_default();
                    let next = inner[end..].chars().next().map_or(0, char::len_utf8);
                    self.rest = &inner[end + next..];
                    number(&inner[..end], 16).filter(|_| inner[end..].starts_with('}'))
                }
                None => {
                    let digits = self.rest.bytes().take(2).take_while(u8::is_ascii_hexdigit).count();
                    let next =
                        if digits < 2 { self.rest[digits..].chars().next().map_or(0, char::len_utf8) } else { 0 };
                    let found = number(&self.rest[..digits], 16).filter(|_| digits == 2);
                    self.rest = &self.rest[digits + next..];
                    found
                }
            },
            'a' => Some(7),
            'f' => Some(12),
            'n' => Some(10),
            'r' => Some(13),
            't' => Some(9),
            'v' => Some(11),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c.into()),
            _ => None,
        };
        match found {
            Some(code) if code <= u32::from(char::MAX) => {
                Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            _ => Err(refused("invalid escape sequence", self.since(before))),
        }
    }
}

/// Writes a character so that it only stands for itself.
pub fn push_char(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() || !c.is_ascii() {
        out.push(c);
    } else {
        write!(out, "\\x{{{:x}}}", u32::from(c)).expect("writing to a String cannot fail");
    }
}

/// A count, `None` if it is too large to be read.
type Count = Option<u64>;

/// `{2}`, `{2,}` or `{2,3}`: the smallest and the largest count, and what follows. Everything else is no repetition.
fn counts(text: &str) -> Option<(Count, Option<Count>, &str)> {
    let (min, rest) = count(text.strip_prefix('{')?)?;
    if let Some(rest) = rest.strip_prefix('}') {
        return Some((min, Some(min), rest));
    }
    let rest = rest.strip_prefix(',')?;
    if let Some(rest) = rest.strip_prefix('}') {
        return Some((min, None, rest));
    }
    let (max, rest) = count(rest)?;
    Some((min, Some(max), rest.strip_prefix('}')?))
}

fn count(text: &str) -> Option<(Count, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    let is_number = digits > 0 && (digits == 1 || !number.starts_with('0'));
    is_number.then(|| (number.parse().ok().filter(|number| *number < 100_000_000), rest))
}

/// The class of a letter after a backslash; all of them are ASCII.
fn perl_class(letter: u8) -> Option<&'static str> {
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
fn bracketed(parser: &mut Parser<'_>) -> Result<u64, String> {
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
        let written = unicode_class(parser)?;
        parser.out.push_str(&written);
        return Ok(CLASS_SIZE);
    }
    if let Some(written) = before.strip_prefix('\\').and_then(|rest| perl_class(*rest.as_bytes().first()?)) {
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
fn unicode_class(parser: &mut Parser<'_>) -> Result<String, String> {
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
