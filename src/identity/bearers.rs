//! Bearer tokens of all sorts: those of a file, and those of service accounts.

use std::sync::Arc;

use serde_json::Value;

use super::{ServiceAccounts, tokens};
use crate::object::token::{INVALID, Objects, Owner, Tokens};

/// Knows the owners of all tokens.
pub struct Bearers {
    file: tokens::Tokens,
    accounts: ServiceAccounts,
}

impl Bearers {
    /// The tokens of a file, and of service accounts.
    pub fn new(file: tokens::Tokens, accounts: ServiceAccounts) -> Self {
        Self { file, accounts }
    }

    /// The tokens of service accounts.
    pub fn accounts(&self) -> &ServiceAccounts {
        &self.accounts
    }
}

impl Tokens for Bearers {
    fn audiences(&self) -> &[String] {
        self.accounts.audiences()
    }

    fn seconds_max(&self) -> Option<i64> {
        self.accounts.seconds_max()
    }

    fn sign(&self, claims: Value) -> String {
        self.accounts.sign(claims)
    }

    fn owner(&self, token: &str, audiences: &[String], objects: &dyn Objects) -> Result<Owner, String> {
        if let Some(user) = self.file.get(token) {
            // The file says nothing of audiences: its tokens are for whoever this server is.
            let own = self.audiences().iter().filter(|own| audiences.contains(own));
            let owner = Owner { user: Arc::clone(user), audiences: own.cloned().collect() };
            return if owner.audiences.is_empty() { Err(INVALID.to_owned()) } else { Ok(owner) };
        }
        self.accounts.owner(token, audiences, objects).unwrap_or_else(|| Err(INVALID.to_owned()))
    }
}
