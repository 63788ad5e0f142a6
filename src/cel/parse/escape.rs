//! How expressions write the names of fields that are no identifiers, or reserved ones.

/// Words that CEL keeps for itself, so that a field of that name is escaped.
const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

const ESCAPES: [(&str, &str); 4] = [("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__")];

/// The name of a field in expressions; `None` for one that expressions cannot reach.
pub fn escape(name: &str) -> Option<String> {
    let mut characters = name.chars();
    let first = characters.next()?;
    let may_start = first.is_ascii_alphabetic() || first == '_';
    if !may_start || !characters.all(|c| c.is_ascii_alphanumeric() || "_.-/".contains(c)) {
        return None;
    }
    if RESERVED.contains(&name) {
        return Some(format!("__{name}__"));
    }
    let mut escaped = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(character) = rest.chars().next() {
        match ESCAPES.iter().find(|(text, _)| rest.starts_with(text)) {
            Some((text, replacement)) => {
                escaped.push_str(replacement);
                rest = &rest[text.len()..];
            }
            None => {
                escaped.push(character);
                rest = &rest[character.len_utf8()..];
            }
        }
    }
    Some(escaped)
}

/// Whether CEL takes the text as the name of a variable.
pub fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    let may_start = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    may_start && characters.all(|c| c.is_ascii_alphanumeric() || c == '_') && !RESERVED.contains(&name)
}
