//! Patches and apply.

mod managed;
mod patch;
mod patch_complaints;
