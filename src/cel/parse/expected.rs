//! What a syntax error says was expected: the crate's parser lists every operator that could follow an expression, cel-go's
//! only what would end it.

use super::{super::source::Place, depth};

/// What joins two expressions, as the parser's errors name it.
const OPERATORS: [&str; 16] = [
    "'=='", "'!='", "'in'", "'<'", "'<='", "'>='", "'>'", "'&&'", "'||'", "'['", "'.'", "'-'", "'?'", "'+'", "'*'",
    "'/'",
];

/// The message as cel-go has it.
pub fn reworded(source: &str, place: Place, message: String) -> String {
    let Some((what, listed)) = message.split_once(" expecting {") else { return message };
    let listed: Vec<&str> = listed.trim_end_matches('}').split(", ").collect();
    if !OPERATORS.iter().all(|operator| listed.contains(operator)) {
        return message;
    }
    let kept: Vec<&str> = listed.into_iter().filter(|name| !OPERATORS.contains(name) && *name != "'%'").collect();
    let kept = match (depth::open_bracket(before(source, place)), kept.as_slice()) {
        (None, _) => "<EOF>".to_owned(),
        (Some('('), _) => "')'".to_owned(),
        (_, [only]) => (*only).to_owned(),
        (_, several) => format!("{{{}}}", several.join(", ")),
    };
    format!("{what} expecting {kept}")
}

/// The part of an expression that comes before a place.
fn before(source: &str, place: Place) -> &str {
    let line = usize::try_from(place.line - 1).unwrap_or_default();
    let start: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
    let column = usize::try_from(place.column).unwrap_or_default();
    let length: usize = source[start..].chars().take(column).map(char::len_utf8).sum();
    &source[..start + length]
}
