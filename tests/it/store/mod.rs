//! The store: revisions, history, the log and its crashes.

mod crash;
mod durability;
mod file;
mod model;
mod shared;
mod shared_log;
mod spec;
pub mod support;
