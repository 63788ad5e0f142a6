//! What a review asks the server: who may do what, and whose token this is.

use std::sync::Arc;

use super::rbac::PolicyRule;
use crate::object::{Attributes, Decision, User};

/// Answers the questions of a review. Unless told otherwise, everybody may do everything and no token is known.
pub trait Authority {
    /// Who sends the review.
    fn user(&self) -> &User;

    /// Whether a user may do this.
    fn decide(&self, _user: &User, _attributes: &Attributes) -> Decision {
        Decision::ALLOWED
    }

    /// What the sender may do in a namespace, and what went wrong in finding out.
    fn rules(&self, _namespace: &str) -> (Vec<PolicyRule>, Vec<String>) {
        (PolicyRule::everything(), Vec::new())
    }

    /// Whose token this is.
    fn owner(&self, _token: &str) -> Option<Arc<User>> {
        None
    }
}
