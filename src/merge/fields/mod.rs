//! Server-side apply's view of an object: typed values, sets of fields, and the walks between them.

mod atomics;
mod combine;
mod compare;
mod element;
mod prune;
mod set;
mod types;
mod validate;

pub use atomics::atomics;
pub use combine::combine;
pub use compare::{Comparison, compare};
pub use element::Element;
pub use prune::{fields_of, remove, with_named};
pub use set::{FieldSet, show_path};
pub use types::Typed;
pub use validate::{duplicates_aside, live_error, validate, validate_live, validate_made};
