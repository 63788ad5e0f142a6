//! Semantic versions.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Library, Row};
use crate::cel::error::Error;
use crate::cel::value::Value;
use crate::text::go_quote;

type Outcome<'a> = Result<Value<'a>, Error>;

pub const FUNCTIONS: &[Row] = &[
    (&["semver(string) semver", "semver(string, bool) semver"], |args| {
        let parsed = parsed(args)?.map_err(Error::new)?;
        Ok(Value::Library(Library::Semver(Arc::new(parsed))))
    }),
    (&["isSemver(string) bool", "isSemver(string, bool) bool"], |args| Ok(Value::Bool(parsed(args)?.is_ok()))),
    (&["(semver).major() int"], |args| number(args, 0)),
    (&["(semver).minor() int"], |args| number(args, 1)),
    (&["(semver).patch() int"], |args| number(args, 2)),
];

#[derive(Debug, PartialEq)]
pub struct Semver {
    numbers: [u64; 3],
    prerelease: Vec<Identifier>,
}

/// A part of a pre-release version; numbers come before words.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    Number(u64),
    Word(String),
}

impl Semver {
    fn parse(text: &str) -> Result<Semver, String> {
        if text.is_empty() {
            return Err("Version string empty".to_owned());
        }
        let parts: Vec<&str> = text.splitn(3, '.').collect();
        let &[major, minor, rest] = parts.as_slice() else {
            return Err("No Major.Minor.Patch elements found".to_owned());
        };
        let (rest, build) = rest.split_once('+').map_or((rest, None), |(rest, build)| (rest, Some(build)));
        let (patch, prerelease) = rest.split_once('-').map_or((rest, None), |(patch, pre)| (patch, Some(pre)));
        let numbers = [numeric(major, "major")?, numeric(minor, "minor")?, numeric(patch, "patch")?];
        let prerelease = prerelease.map_or_else(|| Ok(Vec::new()), |text| text.split('.').map(identifier).collect())?;
        for part in build.into_iter().flat_map(|build| build.split('.')) {
            if part.is_empty() {
                return Err("Build meta data is empty".to_owned());
            }
            if !is_word(part) {
                return Err(format!("Invalid character(s) found in build meta data {}", go_quote(part)));
            }
        }
        Ok(Semver { numbers, prerelease })
    }

    fn order(&self, other: &Semver) -> Ordering {
        let is_release = |version: &Semver| version.prerelease.is_empty();
        self.numbers.cmp(&other.numbers).then_with(|| match (is_release(self), is_release(other)) {
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            _ => self.prerelease.cmp(&other.prerelease),
        })
    }
}

fn numeric(text: &str, which: &str) -> Result<u64, String> {
    let capital = format!("{}{}", which[..1].to_ascii_uppercase(), &which[1..]);
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("Invalid character(s) found in {which} number {}", go_quote(text)));
    }
    if text.len() > 1 && text.starts_with('0') {
        return Err(format!("{capital} number must not contain leading zeroes {}", go_quote(text)));
    }
    crate::text::integer::parse_uint(text)
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn identifier(text: &str) -> Result<Identifier, String> {
    if text.is_empty() {
        return Err("Prerelease is empty".to_owned());
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        if text.len() > 1 && text.starts_with('0') {
            return Err(format!("Numeric PreRelease version must not contain leading zeroes {}", go_quote(text)));
        }
        return crate::text::integer::parse_uint(text).map(Identifier::Number);
    }
    if !is_word(text) {
        return Err(format!("Invalid character(s) found in prerelease {}", go_quote(text)));
    }
    Ok(Identifier::Word(text.to_owned()))
}

/// `v1.2` as `1.2.0`, and `01` as `1`.
fn normalized(text: &str) -> String {
    let text = text.trim().trim_start_matches('v');
    let end = text.find(['+', '-']).unwrap_or(text.len());
    let (numbers, suffix) = text.split_at(end);
    let without_zeros = |part: &str| match part.trim_start_matches('0') {
        "" if !part.is_empty() => "0".to_owned(),
        rest => rest.to_owned(),
    };
    let mut parts: Vec<String> = numbers.splitn(3, '.').map(without_zeros).collect();
    while parts.len() < 3 {
        parts.push("0".to_owned());
    }
    format!("{}{suffix}", parts.join("."))
}

fn parsed(args: &[Value]) -> Result<Result<Semver, String>, Error> {
    match args {
        [Value::String(text)] | [Value::String(text), Value::Bool(false)] => Ok(Semver::parse(text)),
        [Value::String(text), Value::Bool(true)] => Ok(Semver::parse(&normalized(text))),
        _ => Err(Error::no_such_overload()),
    }
}

fn number<'a>(args: &[Value<'a>], which: usize) -> Outcome<'a> {
    match args {
        [Value::Library(Library::Semver(version))] => Ok(Value::Int(version.numbers[which] as i64)),
        _ => Err(Error::no_such_overload()),
    }
}

/// How the first argument compares with the second.
pub fn order(args: &[Value]) -> Result<Ordering, Error> {
    match args {
        [Value::Library(Library::Semver(a)), Value::Library(Library::Semver(b))] => Ok(a.order(b)),
        _ => Err(Error::no_such_overload()),
    }
}
