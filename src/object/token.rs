//! Bearer tokens: what those who know them and those who keep the objects they name ask of each other.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::User;

/// The issuer of the tokens that Secrets hold, which do not expire.
pub const LEGACY_ISSUER: &str = "kubernetes/serviceaccount";

/// What is said of a token that nobody knows.
pub const INVALID: &str = "invalid bearer token";

/// Issues tokens, and knows whose they are.
pub trait Tokens: Send + Sync {
    /// Whom tokens are meant for unless they say otherwise.
    fn audiences(&self) -> &[String];

    /// How many seconds a token may last at most, if there is a limit.
    fn seconds_max(&self) -> Option<i64> {
        None
    }

    /// The token that makes these claims, to which the issuer is added unless there is one.
    fn sign(&self, claims: Value) -> String;

    /// Whose a token is, if it is meant for one of these audiences; the error says why it is nobody's.
    fn owner(&self, token: &str, audiences: &[String], objects: &dyn Objects) -> Result<Owner, String>;
}

/// The objects that tokens name, and the time.
pub trait Objects {
    /// The current time.
    fn now(&self) -> Timestamp;

    /// An object of a resource of the core group. The namespace is empty for those outside namespaces.
    fn find(&self, plural: &str, namespace: &str, name: &str) -> Option<Value>;
}

/// Whose a token is.
#[derive(Clone, Debug, PartialEq)]
pub struct Owner {
    /// The user.
    pub user: Arc<User>,
    /// For which of the audiences asked about it is meant.
    pub audiences: Vec<String>,
}
