//! Who may do what: the authorization modes, and what reviews return.

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    kinds::{
        Authority, Issuer,
        rbac::{
            policy::{PolicyRule, RoleRef},
            sources::role_kind,
        },
    },
    object::{
        GroupVersionKind, Status, User,
        access::{Attributes, Decision, MASTERS},
        status,
        token::Owner,
    },
    verbs::{Api, Target},
};

/// Who decides what a request may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Authorization {
    /// Nobody: everything is allowed
    #[default]
    #[value(name = "AlwaysAllow")]
    AlwaysAllow,
    /// Roles and their bindings
    #[value(name = "RBAC")]
    Rbac,
}

impl Api {
    /// Whether a user may do this.
    pub fn authorize(&self, user: &User, attributes: &Attributes) -> Decision {
        if self.everything_is_allowed() || user.is_in(MASTERS) {
            return Decision::ALLOWED;
        }
        self.0.policies.look(&self.0.store, |index| index.decide(user, attributes))
    }

    /// Whether nobody needs to be asked.
    pub fn everything_is_allowed(&self) -> bool {
        self.settings().authorization == Authorization::AlwaysAllow
    }
}

/// The user who sends a request, as kinds ask about them.
pub(in crate::verbs) struct Requester<'a> {
    pub api: &'a Api,
    pub user: &'a User,
}

impl Authority for Requester<'_> {
    fn user(&self) -> &User {
        self.user
    }

    fn decide(&self, user: &User, attributes: &Attributes) -> Decision {
        self.api.authorize(user, attributes)
    }

    fn rules(&self, namespace: &str) -> (Vec<PolicyRule>, Vec<String>) {
        if self.api.everything_is_allowed() {
            return (PolicyRule::everything(), Vec::new());
        }
        let inner = &self.api.0;
        inner.policies.look(&inner.store, |index| index.rules(self.user, namespace))
    }

    fn granted(&self, role: &RoleRef, namespace: &str) -> status::Result<Vec<PolicyRule>> {
        let inner = &self.api.0;
        let rules = inner.policies.look(&inner.store, |index| index.role(role, namespace).map(<[_]>::to_vec));
        rules.ok_or_else(|| {
            let def = role_kind(role);
            Status::not_found(&def.gvk.group, &def.singular, &role.name)
        })
    }

    fn owner(&self, token: &str, audiences: &[String]) -> Result<Owner, String> {
        let tokens = &self.api.settings().tokens;
        tokens.owner(token, if audiences.is_empty() { tokens.audiences() } else { audiences }, self.api)
    }
}

impl Issuer for Requester<'_> {
    fn now(&self) -> Timestamp {
        self.api.now()
    }

    fn uid(&self, of: &str) -> String {
        self.api.0.context.uid(of)
    }

    fn get(&self, kind: &GroupVersionKind, namespace: &str, name: &str) -> status::Result<Value> {
        self.api.view_of(&Target::new(&self.api.known_kind(kind)?, namespace, name))
    }

    fn audiences(&self) -> &[String] {
        self.api.settings().tokens.audiences()
    }

    fn sign(&self, claims: Value) -> String {
        self.api.settings().tokens.sign(claims)
    }
}
