//! Combines objects, as plain functions over JSON: JSON patch, merge patch, strategic merge patch.

mod go_print;
mod json;
mod strategic;

pub use go_print::go_print;
pub use json::{json_patch, merge_patch};
pub use strategic::strategic;
