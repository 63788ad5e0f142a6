//! What kinds ask the server about people: who may do what, and whose token this is.

use jiff::Timestamp;
use serde_json::Value;

use crate::kinds::rbac::policy::{PolicyRule, RoleRef};
use crate::object::{
    Attributes, Decision, GroupVersionKind, User,
    status::Result,
    token::{INVALID, Owner},
};

/// What is known of whoever sends a request. By default everybody may do everything, and no token is known.
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

    /// Whose token this is, if it is meant for one of these audiences, or, without any, for this server.
    fn owner(&self, _token: &str, _audiences: &[String]) -> std::result::Result<Owner, String> {
        Err(INVALID.to_owned())
    }
}

/// What the server does for a subresource that issues something, such as a token.
pub trait Issuer {
    /// The current time.
    fn now(&self) -> Timestamp;

    /// A random id for what this names.
    fn uid(&self, of: &str) -> String;

    /// An object, or the 404 that says it is not there.
    fn get(&self, kind: &GroupVersionKind, namespace: &str, name: &str) -> Result<Value>;

    /// The audiences of tokens that name none.
    fn audiences(&self) -> &[String];

    /// How many seconds a token may last at most, if there is a limit.
    fn seconds_max(&self) -> Option<i64>;

    /// Signs the claims of a token.
    fn sign(&self, claims: Value) -> String;
}
