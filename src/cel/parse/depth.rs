//! How deeply an expression is nested, found before it is parsed: the parser is recursive, and its stack is not endless.

/// What can be nested: expressions in one another, and the left-recursive chains of each kind of operator.
#[derive(Clone, Copy, Default)]
struct Depth {
    expressions: usize,
    members: usize,
    sums: usize,
    relations: usize,
}

impl Depth {
    fn deepest(self) -> usize {
        self.expressions.max(self.members).max(self.sums).max(self.relations)
    }
}

/// The depth of the deepest part. Text that is no expression has some depth too.
pub fn of(source: &str) -> usize {
    let mut rest = source;
    // Chains end with their frame, but those of the frames around it go on.
    let mut frames: Vec<Depth> = Vec::new();
    let mut outer = Depth::default();
    let mut now = Depth { expressions: 1, ..outer };
    let mut deepest = now.deepest();
    while let Some(character) = rest.chars().next() {
        let length = token(rest, character);
        let text = &rest[..length];
        match text {
            "(" | "[" | "{" => {
                now.members += 1;
                frames.push(now);
                frames.push(outer);
                outer = now;
                now.expressions += 1;
            }
            ")" | "]" | "}" => {
                if let (Some(before), Some(inside)) = (frames.pop(), frames.pop()) {
                    (outer, now) = (before, inside);
                }
            }
            "?" => now.expressions += 1,
            "." => now.members += 1,
            "+" | "-" | "*" | "/" | "%" => {
                now.sums += 1;
                now.members = outer.members;
            }
            "<" | ">" | "<=" | ">=" | "==" | "!=" | "in" => {
                now.relations += 1;
                (now.sums, now.members) = (outer.sums, outer.members);
            }
            "&&" | "||" | ":" => {
                (now.relations, now.sums, now.members) = (outer.relations, outer.sums, outer.members);
            }
            "," => now = Depth { expressions: outer.expressions + 1, ..outer },
            _ => {}
        }
        deepest = deepest.max(now.deepest());
        rest = &rest[length..];
    }
    deepest
}

/// The innermost bracket that is still open at the end of a part of an expression.
pub fn open_bracket(source: &str) -> Option<char> {
    let mut rest = source;
    let mut open = Vec::new();
    while let Some(character) = rest.chars().next() {
        match character {
            '(' | '[' | '{' => open.push(character),
            ')' | ']' | '}' => drop(open.pop()),
            _ => {}
        }
        rest = &rest[token(rest, character)..];
    }
    open.pop()
}

/// The length of the token at the start of `rest`.
fn token(rest: &str, first: char) -> usize {
    if first.is_ascii_alphanumeric() || first == '_' {
        let word = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let is_prefix = word <= 2 && rest[..word].bytes().all(|b| b"rRbB".contains(&b));
        let quoted = rest[word..].starts_with(['"', '\'']);
        if is_prefix && quoted {
            let is_raw = rest[..word].contains(['r', 'R']);
            return word + string(&rest[word..], is_raw);
        }
        return word;
    }
    match first {
        '"' | '\'' => string(rest, false),
        '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
        '&' | '|' | '=' | '!' | '<' | '>' if two_characters(rest) => 2,
        other => other.len_utf8(),
    }
}

fn two_characters(rest: &str) -> bool {
    ["&&", "||", "==", "!=", "<=", ">="].iter().any(|operator| rest.starts_with(operator))
}

/// The length of the string literal at the start of `rest`; to the end of the text if it is not closed.
fn string(rest: &str, is_raw: bool) -> usize {
    let quote = &rest[..1];
    let triple = quote.repeat(3);
    let quote = if rest.starts_with(&triple) { triple.as_str() } else { quote };
    let mut at = quote.len();
    while let Some(character) = rest[at..].chars().next() {
        if rest[at..].starts_with(quote) {
            return at + quote.len();
        }
        at += character.len_utf8();
        if character == '\\' && !is_raw {
            at += rest[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    at
}
