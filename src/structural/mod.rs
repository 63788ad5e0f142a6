//! Structural schemas of custom resource definitions: what may be in one, and what it says about objects. Pure: types
//! come from `schema`, which this room compiles into checks.

mod format;
mod members;
mod node;
mod pattern;
mod prune;
mod refusals;
mod schema;
mod values;

pub use refusals::{refusals, selectable_fields, unrecognized_formats};
pub use schema::Schema;
