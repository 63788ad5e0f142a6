//! Patches that know nothing of types: JSON patch and JSON merge patch.

mod chunks;
mod document;
mod merge;
mod patch;

use serde_json::Value;

use crate::{object::Status, text::json_type};

pub use merge::merge_patch;
pub use patch::{apply_json_patch, apply_json_patch_if_tested, json_patch};

fn undecodable(patch: &Value, go_type: &str) -> Box<Status> {
    let found = json_type(patch);
    Status::bad_request(format!("error decoding patch: json: cannot unmarshal {found} into Go value of type {go_type}"))
}
