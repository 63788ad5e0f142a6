//! Patches and apply.

mod growth;
mod managed;
mod patch;
mod patch_complaints;
mod versions;
