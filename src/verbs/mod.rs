//! What can be done to any kind, written once: the API's semantics above the store and below HTTP.
//!
//! `Api` is the one door. HTTP and the controllers both come in through it, so defaulting, validation,
//! conflicts and watch are the same for everybody.

pub mod options;
pub mod registry;

pub use options::{Caller, DeleteOptions, ListOptions, PatchKind, Preconditions, Propagation, WriteOptions};
pub use registry::Registry;
