//! The store: revisions, history, the log and its crashes.

mod crash;
mod durability;
mod file;
mod model;
mod spec;
pub mod support;
