//! Combines objects, as plain functions over JSON: JSON patch, merge patch, strategic merge patch, server-side apply.

mod apply;
pub mod fields;
mod json;
pub mod managers;
mod restore;
mod strategic;
pub mod versions;

pub use apply::apply;
pub use json::{apply_json_patch, json_patch, merge_patch};
pub use restore::restore;
pub use strategic::strategic;
