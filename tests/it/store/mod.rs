//! The store: revisions, history, the log and its crashes.

mod crash;
mod damage;
mod durability;
mod faults;
mod file;
mod model;
mod repair;
mod shared;
mod shared_log;
mod sizes;
mod spec;
pub mod support;
mod upgrade;
