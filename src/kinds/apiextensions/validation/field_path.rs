//! Paths that lead to a field of a schema.

use serde_json::Value;

/// Where a path leads.
pub struct Place<'a> {
    /// The names on the way.
    pub names: Vec<String>,
    /// The schema there.
    pub schema: &'a Value,
}

const NO_FIELD: &str = "does not refer to a valid field";

/// Follows a path such as `.spec.color` or `.spec['color']` through a schema. The error is Go's.
pub fn find<'a>(path: &str, schema: &'a Value) -> Result<Place<'a>, String> {
    let mut place = Place { names: Vec::new(), schema };
    let mut rest = path;
    while !rest.is_empty() {
        let (name, after) = match rest.as_bytes()[0] {
            b'.' => member(&rest[1..])?,
            b'[' => quoted(&rest[1..])?,
            _ => {
                let end = rest.find(['.', '[', ']']).unwrap_or(rest.len());
                return Err(format!("expected [ or . but got: {}", &rest[..end]));
            }
        };
        place.schema = below(place.schema, &name).ok_or_else(|| NO_FIELD.to_owned())?;
        place.names.push(name);
        rest = after;
    }
    Ok(place)
}

fn member(text: &str) -> Result<(String, &str), String> {
    let end = text.find(['.', '[', ']']).unwrap_or(text.len());
    if end == 0 {
        return Err("unexpected end of JSON path".to_owned());
    }
    Ok((text[..end].to_owned(), &text[end..]))
}

fn quoted(text: &str) -> Result<(String, &str), String> {
    let Some(inside) = text.strip_prefix('\'') else {
        return Err("array notation is not allowed".to_owned());
    };
    let mut name = String::new();
    let mut chars = inside.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => name.extend(chars.next().map(|(_, escaped)| escaped)),
            '\'' => {
                let after = &inside[at + 1..];
                return match after.strip_prefix(']') {
                    Some(rest) => Ok((name, rest)),
                    None => Err("expected ]".to_owned()),
                };
            }
            c => name.push(c),
        }
    }
    Err("unterminated string".to_owned())
}

/// The schema of a member.
fn below<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    let declared = schema.get("properties").and_then(|properties| properties.get(name));
    declared.or_else(|| schema.get("additionalProperties").filter(|values| values.is_object()))
}
