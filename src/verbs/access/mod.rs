//! Who may do what.

mod authorize;
mod node;
mod policy;

pub use authorize::Authorization;
pub(super) use authorize::Requester;
pub(super) use policy::Policies;
