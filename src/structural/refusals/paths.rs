//! Paths into a schema, such as `.spec.size` or `.spec['a.b']`.

use std::collections::HashSet;

use serde_json::Value;

use super::walk::{has_values, named, text};
use crate::object::{FieldError, FieldErrors, Path};

/// The most fields that selectors may name.
const SELECTABLE_MAX: usize = 8;

/// Checks the `selectableFields` of a version; `path` is where they are.
pub fn selectable_fields(fields: &[Value], schema: Option<&Value>, path: &Path) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let Some(schema) = schema.filter(|_| !fields.is_empty()) else {
        if !fields.is_empty() {
            let why = "may only be set when `version.schema.openAPIV3Schema` is not included";
            errors.push(FieldError::invalid(path, "", why));
        }
        return errors;
    };
    let mut known = HashSet::new();
    for (index, field) in fields.iter().enumerate() {
        let (at, selected) = (path.index(index).child("jsonPath"), text(field, "jsonPath"));
        if selected.is_empty() {
            errors.push(FieldError::required(&at, ""));
            continue;
        }
        let (names, found) = match find(selected, schema, false) {
            Ok(found) => found,
            Err(why) => {
                errors.push(FieldError::invalid(&at, selected, &format!("is an invalid path: {why}")));
                continue;
            }
        };
        if names == "metadata" || names.starts_with("metadata.") || names.starts_with("metadata[") {
            errors.push(FieldError::invalid(&at, selected, "must not point to fields in metadata"));
        }
        if !["string", "boolean", "integer"].contains(&text(found, "type")) {
            let why = "must point to a field of type string, boolean or integer. Enum string fields and strings with \
                       formats are allowed.";
            errors.push(FieldError::invalid(&at, selected, why));
        }
        if !known.insert(names) {
            errors.push(FieldError::duplicate(&at, selected));
        }
    }
    if known.len() > SELECTABLE_MAX {
        errors.push(FieldError::too_many(path, known.len(), SELECTABLE_MAX));
    }
    errors
}

/// The field that a path points to, and the path as errors show it. Members in brackets are `quoted` where allowed.
pub fn find<'a>(path: &str, schema: &'a Value, quoted: bool) -> Result<(String, &'a Value), String> {
    const END: &str = "unexpected end of JSON path";
    let (mut at, mut shown) = (schema, Path::default());
    let mut tokens = Tokens(path);
    while let Some(token) = tokens.next() {
        let name = match token {
            "[" if !quoted => return Err("array notation is not allowed".to_owned()),
            "[" => {
                let name = tokens.next().ok_or(END)?;
                let inner = name.strip_prefix('\'').and_then(|name| name.strip_suffix('\''));
                let inner = inner.ok_or_else(|| format!("expected single quoted string but got {name}"))?;
                (at, shown) = step(at, &shown, &unescape(inner)?)?;
                match tokens.next().ok_or(END)? {
                    "]" => continue,
                    other => return Err(format!("expected ] but got {other}")),
                }
            }
            "." => tokens.next().ok_or(END)?,
            other => return Err(format!("expected [ or . but got: {other}")),
        };
        (at, shown) = step(at, &shown, name)?;
    }
    Ok((shown.to_string(), at))
}

/// Goes to a member of an object or of a map.
fn step<'a>(at: &'a Value, shown: &Path, name: &str) -> Result<(&'a Value, Path), String> {
    const INVALID: &str = "does not refer to a valid field";
    if !named(at, "properties").is_empty() {
        let property = at["properties"].get(name).ok_or(INVALID)?;
        return Ok((property, shown.child(name)));
    }
    if has_values(at) {
        return Ok((&at["additionalProperties"], shown.key(name)));
    }
    Err(INVALID.to_owned())
}

/// Splits a path into dots, brackets, quoted names, and what is between.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let first = self.0.chars().next()?;
        let end = match first {
            '\'' => {
                let bytes = self.0.as_bytes();
                let is_end = |at: &usize| bytes[*at] == b'\'' && bytes[*at - 1] != b'\\';
                (1..bytes.len()).find(is_end).map_or(bytes.len(), |at| at + 1)
            }
            '.' | '[' | ']' => 1,
            _ => self.0.find(['.', '[', ']']).unwrap_or(self.0.len()),
        };
        let (token, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(token)
    }
}

/// The text of a quoted name.
fn unescape(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some(escaped @ ('\\' | '\'')) => out.push(escaped),
                Some('a') => out.push('\u{7}'),
                Some('b') => out.push('\u{8}'),
                Some('f') => out.push('\u{c}'),
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('t') => out.push('\t'),
                Some('v') => out.push('\u{b}'),
                _ => return Err("invalid string literal: invalid syntax".to_owned()),
            },
            (c, false) => out.push(c),
        }
    }
    Ok(out)
}
