//! `Pattern`: a regular expression of a schema, read as Go's `regexp` reads it, and compiled when it is first used.

mod syntax;

use std::sync::{Arc, OnceLock};

use regex::{Regex, RegexBuilder};

/// The most memory that a compiled expression may take.
const COMPILED_BYTES_MAX: usize = 64 << 20;

/// A regular expression of a schema.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: Box<str>,
    compiled: Arc<OnceLock<Option<Regex>>>,
}

impl Pattern {
    /// The pattern with this text.
    pub fn new(text: &str) -> Self {
        Self { text: text.into(), compiled: Arc::default() }
    }

    /// The text, as the schema writes it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether some part of a text matches. Nothing matches a pattern that is none.
    pub fn matches(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| compile(&syntax::translate(&self.text).ok()?));
        compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

/// What is wrong with a pattern, as Go says it.
pub fn check(text: &str) -> Result<(), String> {
    syntax::translate(text).map(drop)
}

fn compile(translated: &str) -> Option<Regex> {
    let depth = u32::try_from(syntax::DEPTH_MAX).expect("a small number") * 2;
    RegexBuilder::new(translated).size_limit(COMPILED_BYTES_MAX).nest_limit(depth).build().ok()
}
