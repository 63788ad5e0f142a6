//! Regular expressions in RE2's syntax, which take time linear in the text.

use std::cell::RefCell;
use std::collections::HashMap;

use ::regex::{Regex, RegexBuilder};

use super::Row;
use crate::cel::error::Error;
use crate::cel::value::Value;

type Outcome<'a> = Result<Value<'a>, Error>;

/// The most bytes that a compiled expression takes.
const LARGEST: usize = 1 << 20;

/// How many compiled expressions a thread keeps.
const MOST_KEPT: usize = 256;

pub const FUNCTIONS: &[Row] = &[
    (&["matches(string, string) bool"], matches),
    (&["(string).matches(string) bool"], matches),
    (&["(string).find(string) string"], |args| match args {
        [Value::String(text), Value::String(pattern)] => {
            with(pattern, |regex| Value::string(regex.find(text).map_or("", |found| found.as_str())))
        }
        _ => Err(Error::no_such_overload()),
    }),
    (&["(string).findAll(string) list(string)", "(string).findAll(string, int) list(string)"], |args| {
        let (text, pattern, limit) = match args {
            [Value::String(text), Value::String(pattern)] => (text, pattern, usize::MAX),
            [Value::String(text), Value::String(pattern), Value::Int(limit)] => {
                (text, pattern, usize::try_from(*limit).unwrap_or(usize::MAX))
            }
            _ => return Err(Error::no_such_overload()),
        };
        with(pattern, |regex| {
            Value::list(regex.find_iter(text).take(limit).map(|found| Value::string(found.as_str())).collect())
        })
    }),
];

fn matches<'a>(args: &[Value<'a>]) -> Outcome<'a> {
    match args {
        [Value::String(text), Value::String(pattern)] => with(pattern, |regex| Value::Bool(regex.is_match(text))),
        _ => Err(Error::no_such_overload()),
    }
}

/// Compiles a pattern; the error is Go's.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(LARGEST).build().map_err(|error| explain(pattern, &error))
}

thread_local! {
    /// Rules use the same patterns over and over.
    static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::default();
}

fn with<'a>(pattern: &str, use_it: impl FnOnce(&Regex) -> Value<'a>) -> Outcome<'a> {
    let known = COMPILED.with_borrow(|kept| kept.get(pattern).cloned());
    let regex = match known {
        Some(regex) => regex,
        None => {
            let regex = compile(pattern).map_err(Error::new)?;
            COMPILED.with_borrow_mut(|kept| {
                if kept.len() >= MOST_KEPT {
                    kept.clear();
                }
                kept.insert(pattern.to_owned(), regex.clone());
            });
            regex
        }
    };
    Ok(use_it(&regex))
}

/// What Go says about a pattern that it refuses too.
fn explain(pattern: &str, error: &::regex::Error) -> String {
    let said = error.to_string();
    let place = |opening: char| pattern.rfind(opening).map_or(pattern, |at| &pattern[at..]);
    let (why, part) = if said.contains("unclosed character class") {
        ("missing closing ]", place('['))
    } else if said.contains("unclosed group") {
        ("missing closing )", pattern)
    } else if said.contains("unopened group") {
        ("unexpected )", pattern)
    } else if said.contains("repetition operator missing expression") {
        let at = pattern.find(['*', '+', '?']).unwrap_or(0);
        ("missing argument to repetition operator", pattern.get(at..=at).unwrap_or(pattern))
    } else if said.contains("look-around") {
        let at = pattern.find("(?").unwrap_or(0);
        let end = if pattern[at..].starts_with("(?<") { 4 } else { 3 };
        ("invalid or unsupported Perl syntax", pattern.get(at..at + end).unwrap_or(pattern))
    } else if said.contains("incomplete escape") {
        return "error parsing regexp: trailing backslash at end of expression: ``".to_owned();
    } else if said.contains("unrecognized escape") || said.contains("backreferences") {
        let at = pattern.rfind('\\').unwrap_or(0);
        ("invalid escape sequence", pattern.get(at..at + 2).unwrap_or(pattern))
    } else if said.contains("repetition quantifier") || said.contains("repetition range") {
        ("invalid repeat count", place('{'))
    } else if said.contains("size limit") {
        ("expression too large", pattern)
    } else {
        ("invalid character class range", pattern)
    };
    format!("error parsing regexp: {why}: `{part}`")
}
