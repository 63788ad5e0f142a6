//! The pure vocabulary every other room speaks: names of kinds, keys, revisions, selectors, errors.

pub mod access;
pub mod facts;
pub mod field;
pub mod gvk;
pub mod key;
pub mod meta;
pub mod names;
pub mod revision;
pub mod selector;
pub mod status;
pub mod token;
pub mod well_known;

pub use access::{Attributes, Decision, User};
pub use facts::Facts;
pub use field::{FieldError, FieldErrors, Path};
pub use gvk::GroupVersionKind;
pub use key::{Key, Prefix};
pub use revision::Revision;
pub use status::{Cause, Reason, Status};
