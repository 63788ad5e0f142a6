//! Splits a label selector into words and symbols.

/// What one token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    End,
    Word,
    In,
    NotIn,
    Not,
    Open,
    Close,
    Comma,
    Equals,
    DoubleEquals,
    NotEquals,
    Greater,
    Less,
}

/// A token and its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
}

impl Token<'_> {
    /// The same token where only a key or a value makes sense: there, `in` and `notin` are ordinary words.
    pub fn as_value(self) -> Self {
        match self.kind {
            Kind::In | Kind::NotIn => Self { kind: Kind::Word, ..self },
            _ => self,
        }
    }
}

/// All tokens of a text; the last one is always [`Kind::End`].
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut rest = text.split('\0').next().unwrap_or_default().trim_start_matches(is_space);
    while !rest.is_empty() {
        let token = next(rest);
        rest = rest[token.text.len()..].trim_start_matches(is_space);
        out.push(token);
    }
    out.push(Token { kind: Kind::End, text: "" });
    out
}

fn next(rest: &str) -> Token<'_> {
    const SYMBOLS: [(&str, Kind); 9] = [
        ("==", Kind::DoubleEquals),
        ("!=", Kind::NotEquals),
        ("=", Kind::Equals),
        ("!", Kind::Not),
        ("(", Kind::Open),
        (")", Kind::Close),
        (",", Kind::Comma),
        (">", Kind::Greater),
        ("<", Kind::Less),
    ];
    if let Some((symbol, kind)) = SYMBOLS.iter().find(|(symbol, _)| rest.starts_with(symbol)) {
        return Token { kind: *kind, text: &rest[..symbol.len()] };
    }
    let end = rest.find(|c| is_space(c) || is_symbol(c)).unwrap_or(rest.len());
    let text = &rest[..end];
    let kind = match text {
        "in" => Kind::In,
        "notin" => Kind::NotIn,
        _ => Kind::Word,
    };
    Token { kind, text }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_symbol(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}
