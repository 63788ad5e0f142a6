//! What kinds ask the server about people: who may do what, and whose token this is.

use std::sync::Arc;

use super::rbac::{PolicyRule, RoleRef};
use crate::object::{Attributes, Decision, User, status::Result};

/// Answers for whoever sends a request. Unless told otherwise, everybody may do everything and no token is known.
pub trait Authority {
    /// Who sends it.
    fn user(&self) -> &User;

    /// Whether a user may do this.
    fn decide(&self, _user: &User, _attributes: &Attributes) -> Decision {
        Decision::ALLOWED
    }

    /// What the sender may do in a namespace, and what went wrong in finding out.
    fn rules(&self, _namespace: &str) -> (Vec<PolicyRule>, Vec<String>) {
        (PolicyRule::everything(), Vec::new())
    }

    /// The rules that a role grants; `namespace` is that of the binding.
    fn granted(&self, _role: &RoleRef, _namespace: &str) -> Result<Vec<PolicyRule>> {
        Ok(Vec::new())
    }

    /// Whose token this is.
    fn owner(&self, _token: &str) -> Option<Arc<User>> {
        None
    }
}
