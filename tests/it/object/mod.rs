//! The vocabulary.

mod names;
mod selectors;
