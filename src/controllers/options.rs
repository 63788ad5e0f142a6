//! Which controllers run beside those that every server has.

use super::Controller;

/// What is asked of the controllers. By default only those run that every server has.
#[derive(Clone, Debug, Default)]
pub struct Options {}

impl Options {
    pub(super) fn controllers(&self) -> Vec<Box<dyn Controller>> {
        Vec::new()
    }
}
