//! Functions of strings. Positions count characters.

use super::{Row, format};
use crate::cel::error::Error;
use crate::cel::value::{Text, Value};

type Outcome<'a> = Result<Value<'a>, Error>;

pub const FUNCTIONS: &[Row] = &[
    (&["(string).contains(string) bool"], |args| test(args, |text, part| text.contains(part))),
    (&["(string).startsWith(string) bool"], |args| test(args, |text, part| text.starts_with(part))),
    (&["(string).endsWith(string) bool"], |args| test(args, |text, part| text.ends_with(part))),
    (&["(string).charAt(int) string"], |args| match args {
        [Value::String(text), Value::Int(index)] => {
            let at = place(text, *index)?;
            Ok(Value::string(text[at..].chars().take(1).collect::<String>()))
        }
        _ => Err(Error::no_such_overload()),
    }),
    (&["jsonpatch.escapeKey(string) string"], |args| change(args, |key| key.replace('~', "~0").replace('/', "~1"))),
    (&["(string).lowerAscii() string"], |args| change(args, str::to_ascii_lowercase)),
    (&["(string).upperAscii() string"], |args| change(args, str::to_ascii_uppercase)),
    (&["(string).trim() string"], |args| match args {
        [Value::String(Text::Borrowed(text))] => Ok(Value::String(Text::Borrowed(text.trim()))),
        _ => change(args, |text| text.trim().to_owned()),
    }),
    (&["strings.quote(string) string"], |args| change(args, quote)),
    (&["(string).replace(string, string) string", "(string).replace(string, string, int) string"], |args| match args {
        [Value::String(text), Value::String(old), Value::String(new)] => replace(text, old, new, -1),
        [Value::String(text), Value::String(old), Value::String(new), Value::Int(count)] => {
            replace(text, old, new, *count)
        }
        _ => Err(Error::no_such_overload()),
    }),
    (&["(string).split(string) list(string)", "(string).split(string, int) list(string)"], |args| match args {
        [Value::String(text), Value::String(separator)] => Ok(split(text, separator, -1)),
        [Value::String(text), Value::String(separator), Value::Int(limit)] => Ok(split(text, separator, *limit)),
        _ => Err(Error::no_such_overload()),
    }),
    (&["(string).substring(int) string", "(string).substring(int, int) string"], |args| match args {
        [Value::String(text), Value::Int(start)] => {
            let start = place(text, *start)?;
            Ok(slice(text, start, text.len()))
        }
        [Value::String(text), Value::Int(start), Value::Int(end)] => {
            if start > end {
                return Err(Error::new(format!("invalid substring range. start: {start}, end: {end}")));
            }
            let (from, to) = (place(text, *start)?, place(text, *end)?);
            Ok(slice(text, from, to))
        }
        _ => Err(Error::no_such_overload()),
    }),
    (&["(list(string)).join() string", "(list(string)).join(string) string"], |args| match args {
        [Value::List(_)] => join(&args[0], ""),
        [Value::List(_), Value::String(separator)] => join(&args[0], separator),
        _ => Err(Error::no_such_overload()),
    }),
    (&["(string).format(list(dyn)) string"], |args| match args {
        [Value::String(text), Value::List(values)] => format::format(text, &values.items()?).map(Value::string),
        _ => Err(Error::no_such_overload()),
    }),
];

fn test<'a>(args: &[Value<'a>], holds: fn(&str, &str) -> bool) -> Outcome<'a> {
    match args {
        [Value::String(text), Value::String(part)] => Ok(Value::Bool(holds(text, part))),
        _ => Err(Error::no_such_overload()),
    }
}

fn change<'a>(args: &[Value<'a>], to: impl Fn(&str) -> String) -> Outcome<'a> {
    match args {
        [Value::String(text)] => Ok(Value::string(to(text))),
        _ => Err(Error::no_such_overload()),
    }
}

/// The byte at which a character starts; the end of the text counts.
fn place(text: &str, index: i64) -> Result<usize, Error> {
    let out_of_range = || Error::new(format!("index out of range: {index}"));
    let index = usize::try_from(index).map_err(|_| out_of_range())?;
    let mut starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    starts.nth(index).ok_or_else(out_of_range)
}

fn slice<'a>(text: &Text<'a>, from: usize, to: usize) -> Value<'a> {
    match text {
        Text::Borrowed(text) => Value::String(Text::Borrowed(&text[from..to])),
        Text::Owned(text) => Value::string(&text[from..to]),
    }
}

/// `indexOf` of strings.
pub fn index_of<'a>(args: &[Value<'a>]) -> Outcome<'a> {
    let (text, part, from) = match args {
        [Value::String(text), Value::String(part)] => (text, part, 0),
        [Value::String(text), Value::String(part), Value::Int(from)] => (text, part, *from),
        _ => return Err(Error::no_such_overload()),
    };
    let length = text.chars().count() as i64;
    if part.is_empty() {
        return Ok(Value::Int(from));
    }
    if from < 0 {
        return Err(Error::new(format!("index out of range: {from}")));
    }
    if from >= length {
        return Ok(Value::Int(-1));
    }
    let start = place(text, from)?;
    let found = text[start..].find(&**part).map(|at| text[..start + at].chars().count() as i64);
    Ok(Value::Int(found.unwrap_or(-1)))
}

/// `lastIndexOf` of strings.
pub fn last_index_of<'a>(args: &[Value<'a>]) -> Outcome<'a> {
    let (text, part, until) = match args {
        [Value::String(text), Value::String(part)] => (text, part, None),
        [Value::String(text), Value::String(part), Value::Int(until)] => (text, part, Some(*until)),
        _ => return Err(Error::no_such_overload()),
    };
    let length = text.chars().count() as i64;
    let until = until.unwrap_or(length);
    if until < 0 {
        return Err(Error::new(format!("index out of range: {until}")));
    }
    if part.is_empty() {
        return Ok(Value::Int(until.min(length)));
    }
    // The part may start at the last place, and go on behind it.
    let end = place(text, until.min(length))?.saturating_add(part.len()).min(text.len());
    let end = (end..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
    let found = text[..end].rfind(&**part).map(|at| text[..at].chars().count() as i64);
    Ok(Value::Int(found.filter(|at| *at <= until).unwrap_or(-1)))
}

fn too_large() -> Error {
    Error::new(format!("result is larger than {} bytes", format::LARGEST_TEXT))
}

/// Replaces the first `count` parts, or all of them; an empty part is before every character and at the end.
fn replace<'a>(text: &str, old: &str, new: &str, count: i64) -> Outcome<'a> {
    let limit = usize::try_from(count).unwrap_or(usize::MAX);
    let found = text.matches(old).count().min(limit);
    let grown = new.len().saturating_sub(old.len()).saturating_mul(found).saturating_add(text.len());
    if grown > format::LARGEST_TEXT {
        return Err(too_large());
    }
    Ok(Value::string(text.replacen(old, new, limit)))
}

fn split<'a>(text: &Text<'a>, separator: &str, limit: i64) -> Value<'a> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let mut rest = 0;
    while limit > 0 && parts.len() + 1 < limit {
        let (end, next) = if separator.is_empty() {
            let Some(character) = text[rest..].chars().next() else { break };
            let end = rest + character.len_utf8();
            if end == text.len() {
                break;
            }
            (end, end)
        } else {
            let Some(found) = text[rest..].find(separator) else { break };
            (rest + found, rest + found + separator.len())
        };
        parts.push(slice(text, rest, end));
        rest = next;
    }
    let is_nothing = separator.is_empty() && text.is_empty();
    if limit > 0 && !is_nothing {
        parts.push(slice(text, rest, text.len()));
    }
    Value::list(parts)
}

fn join<'a>(list: &Value<'a>, separator: &str) -> Outcome<'a> {
    let Value::List(list) = list else { return Err(Error::no_such_overload()) };
    let mut joined = String::new();
    for (number, item) in list.iter().enumerate() {
        let Value::String(text) = item? else { return Err(Error::no_such_overload()) };
        if number > 0 {
            joined.push_str(separator);
        }
        joined.push_str(&text);
        if joined.len() > format::LARGEST_TEXT {
            return Err(too_large());
        }
    }
    Ok(Value::string(joined))
}

fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '\u{07}' => quoted.push_str("\\a"),
            '\u{08}' => quoted.push_str("\\b"),
            '\u{0c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{0b}' => quoted.push_str("\\v"),
            '\\' => quoted.push_str("\\\\"),
            '"' => quoted.push_str("\\\""),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
