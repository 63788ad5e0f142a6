//! Reads YAML into the same tree as JSON, and notices keys that stand twice.

use std::{collections::HashMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor},
};

use super::resolve::{plain, signed, unsigned};
use crate::{
    text::{float, go_quote},
    wire::tree::Node,
};

/// A YAML document as JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The value; members are sorted, and of equal keys the last one stays.
    pub node: Node,
    /// Keys that stand twice in a mapping: `line 8: key "port" already set in map`.
    pub duplicates: Vec<String>,
}

/// How deep brackets may be open in a text. The parser looks at every open one for every token, so a hostile text could
/// keep it busy for minutes before it notices that it goes too deep. Brackets in scalars count too, hence the room.
const OPEN_BRACKETS_MAX: usize = 1000;

/// How many more values a document may have than bytes. A text without aliases has fewer; with aliases of aliases a
/// short text could have any number.
const ALIASED_VALUES_MAX: usize = 400_000;
/// How Go's parser refuses too many aliases.
const ALIASING: &str = "document contains excessive aliasing";

/// Reads the first document; an empty one is null. The error is a Go server's.
pub fn parse(text: &[u8]) -> Result<Document, String> {
    let text = std::str::from_utf8(text).map_err(|_| "yaml: invalid leading UTF-8 octet".to_owned())?;
    if open_brackets(text) > OPEN_BRACKETS_MAX {
        return Err("yaml: recursion limit exceeded".to_owned());
    }
    let mut duplicates = Vec::new();
    let Some(document) = yaml_serde::Deserializer::from_str(text).next() else {
        return Ok(Document { node: Node::Null, duplicates });
    };
    let line_ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
    let mut room = text.len() + ALIASED_VALUES_MAX;
    let visitor = DocumentVisitor { text, line_ends: &line_ends, duplicates: &mut duplicates, room: &mut room };
    match visitor.deserialize(document) {
        Ok(found) => Ok(Document { node: found.node, duplicates }),
        Err(error) => Err(go_error(&error.to_string(), text)),
    }
}

/// The most brackets that are open at once.
fn open_brackets(text: &str) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// The parser's complaint as Go's port of the same parser prints it.
///
/// That one names the line of the context if it is not the first, else that of the problem, and counts from one
/// only for errors of the scanner.
fn go_error(error: &str, text: &str) -> String {
    if let Some(unsupported) = error.find(UNSUPPORTED) {
        let end = error[unsupported..].find(" at line ").map_or(error.len(), |at| unsupported + at);
        return error[unsupported..end].to_owned();
    }
    if error.contains(ALIASING) {
        return format!("yaml: {ALIASING}");
    }
    let (problem, context) = error.split_once(", ").unwrap_or((error, ""));
    let line = |part: &str| -> Option<usize> {
        let (_, after) = part.split_once(" at line ")?;
        after.split(' ').next()?.parse::<usize>().ok().filter(|line| *line > 1)
    };
    let found = line(context).or_else(|| line(error));
    let problem = problem.split(" at line ").next().unwrap_or_default();
    if problem == "unknown anchor" {
        let name = text.split('*').next_back().and_then(|after| after.split_whitespace().next()).unwrap_or_default();
        return format!("yaml: unknown anchor '{name}' referenced");
    }
    let is_grammar = problem.starts_with("did not find expected") || context.starts_with("while parsing");
    match found.map(|line| line - usize::from(is_grammar)) {
        Some(line) => format!("yaml: line {line}: {problem}"),
        None => format!("yaml: {problem}"),
    }
}

/// How Go's JSON encoder refuses infinities.
const UNSUPPORTED: &str = "json: unsupported value: ";

/// A value and the offset at which it starts, where that is known.
struct Found {
    node: Node,
    at: Option<usize>,
}

struct DocumentVisitor<'a> {
    text: &'a str,
    line_ends: &'a [usize],
    duplicates: &'a mut Vec<String>,
    /// How many more values there may be.
    room: &'a mut usize,
}

impl DocumentVisitor<'_> {
    fn again(&mut self) -> DocumentVisitor<'_> {
        DocumentVisitor { text: self.text, line_ends: self.line_ends, duplicates: self.duplicates, room: self.room }
    }

    /// Where a piece of the text starts.
    fn offset(&self, piece: &str) -> usize {
        (piece.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    /// Whether the piece stands in the text without quotes.
    fn is_plain(&self, piece: &str) -> bool {
        let before = self.offset(piece).checked_sub(1).and_then(|at| self.text.as_bytes().get(at));
        !matches!(before, Some(b'"' | b'\''))
    }

    fn line(&self, at: usize) -> usize {
        self.line_ends.partition_point(|end| *end < at) + 1
    }

    /// A key as the string that JSON wants, and as Go shows it.
    fn key(&self, key: &Key<'_>) -> (String, String) {
        let text = match key {
            Key::Borrowed(text) => *text,
            Key::Owned(text) => text,
        };
        let meant = match key {
            Key::Borrowed(text) if self.is_plain(text) => plain(text),
            _ => Node::Null,
        };
        match meant {
            Node::Bool(b) => (b.to_string(), b.to_string()),
            Node::Number(n) => (n.to_string(), n.into()),
            _ => (text.to_owned(), go_quote(text)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for DocumentVisitor<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        *self.room = self.room.checked_sub(1).ok_or_else(|| D::Error::custom(ALIASING))?;
        deserializer.deserialize_any(self)
    }
}

/// Returns a node whose place is unknown.
macro_rules! scalars {
    ($($method:ident($ty:ty) => $node:expr;)*) => {
        $(fn $method<E>(self, value: $ty) -> Result<Found, E> {
            let make: fn($ty) -> Node = $node;
            Ok(Found { node: make(value), at: None })
        })*
    };
}

impl<'de> Visitor<'de> for DocumentVisitor<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    scalars! {
        visit_bool(bool) => Node::Bool;
        visit_i64(i64) => |n| signed(n.into());
        visit_i128(i128) => signed;
        visit_u64(u64) => |n| unsigned(n.into());
        visit_u128(u128) => unsigned;
        visit_str(&str) => |s| Node::String(s.to_owned());
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Found, E> {
        match number {
            f64::INFINITY => Err(E::custom(format!("{UNSUPPORTED}+Inf"))),
            f64::NEG_INFINITY => Err(E::custom(format!("{UNSUPPORTED}-Inf"))),
            number if number.is_nan() => Err(E::custom(format!("{UNSUPPORTED}NaN"))),
            number => Ok(Found { node: Node::Number(float::format(number).into()), at: None }),
        }
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found { node: Node::Null, at: None })
    }

    fn visit_none<E: Error>(self) -> Result<Found, E> {
        self.visit_unit()
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Found, E> {
        let node = if self.is_plain(text) { plain(text) } else { Node::String(text.to_owned()) };
        Ok(Found { node, at: Some(self.offset(text)) })
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut access: A) -> Result<Found, A::Error> {
        let (mut items, mut at) = (Vec::new(), None);
        while let Some(item) = access.next_element_seed(self.again())? {
            at = at.or(item.at);
            items.push(item.node);
        }
        Ok(Found { node: Node::Array(items), at })
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut access: A) -> Result<Found, A::Error> {
        let (mut members, mut merged, mut start) = (HashMap::new(), Vec::new(), None);
        while let Some(key) = access.next_key::<Key<'de>>()? {
            let (name, shown) = self.key(&key);
            let key_at = if let Key::Borrowed(text) = key { Some(self.offset(text)) } else { None };
            start = start.or(key_at);
            let value = access.next_value_seed(self.again())?;
            if name == "<<" {
                merged.extend(inherited(value.node));
                continue;
            }
            if let Some(at) = value.at.or(key_at)
                && members.contains_key(&name)
            {
                let line = self.line(at);
                self.duplicates.push(format!("line {line}: key {shown} already set in map"));
            }
            members.insert(name, value.node);
        }
        for (name, node) in merged {
            members.entry(name).or_insert(node);
        }
        let mut members: Vec<_> = members.into_iter().collect();
        members.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Found { node: Node::Object(members), at: start })
    }

    /// A value with a tag of its own; Kubernetes ignores the tag.
    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Found, A::Error> {
        let (_, variant) = access.variant::<String>()?;
        variant.newtype_variant_seed(self)
    }
}

/// The members that a merge key brings in.
fn inherited(node: Node) -> Vec<(String, Node)> {
    match node {
        Node::Object(members) => members,
        Node::Array(items) => items.into_iter().flat_map(inherited).collect(),
        _ => Vec::new(),
    }
}

/// A mapping key, which JSON wants to be a string.
enum Key<'de> {
    Borrowed(&'de str),
    Owned(String),
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string as key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
        Ok(Key::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
        Ok(Key::Owned(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Key<'de>, A::Error> {
        Err(A::Error::custom("invalid map key"))
    }
}
