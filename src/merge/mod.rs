//! Combines objects, as plain functions over JSON: JSON patch, merge patch, strategic merge patch, server-side apply.

mod apply;
pub mod fields;
mod json;
pub mod managers;
mod restore;
mod strategic;
mod untracked;
pub mod versions;

pub use apply::apply;
pub use json::{apply_json_patch, apply_json_patch_if_tested, json_patch, merge_patch};
pub use restore::restore;
pub use strategic::strategic;
pub use untracked::apply_untracked;
