//! `Text`: a text of a definition.

use std::borrow::Cow;

/// A text that is borrowed in a built-in definition, and owned in one that is made at run time.
pub type Text = Cow<'static, str>;
