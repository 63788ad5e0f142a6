//! `Pattern`: a regular expression of a schema, compiled when it is first used.

use std::sync::{Arc, OnceLock};

use regex::{Regex, RegexBuilder};

/// The most memory that a compiled expression may take.
const SIZE_MAX: usize = 32 << 20;

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
        let compiled = self.compiled.get_or_init(|| RegexBuilder::new(&self.text).size_limit(SIZE_MAX).build().ok());
        compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}
