//! Who may do what: the authorization modes, and what reviews return.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde_json::Value;

use super::node;
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

/// Who decides what a request may do. Several are asked one after the other, until one allows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Authorization {
    /// Nobody: everything is allowed.
    #[default]
    AlwaysAllow,
    /// Nobody: nothing is allowed.
    AlwaysDeny,
    /// Nodes may do what kubelets do, for the pods that are bound to them.
    Node,
    /// Roles and their bindings.
    Rbac,
}

impl FromStr for Authorization {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "AlwaysAllow" => Ok(Self::AlwaysAllow),
            "AlwaysDeny" => Ok(Self::AlwaysDeny),
            "Node" => Ok(Self::Node),
            "RBAC" => Ok(Self::Rbac),
            "ABAC" | "Webhook" => Err(format!("this server does not have the authorization mode {text}")),
            _ => Err(format!("authorization-mode {text:?} is not a valid mode")),
        }
    }
}

impl fmt::Display for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlwaysAllow => "AlwaysAllow",
            Self::AlwaysDeny => "AlwaysDeny",
            Self::Node => "Node",
            Self::Rbac => "RBAC",
        })
    }
}

impl Api {
    /// Whether a user may do this.
    pub fn authorize(&self, user: &User, attributes: &Attributes) -> Decision {
        if self.everything_is_allowed() || user.is_in(MASTERS) {
            return Decision::ALLOWED;
        }
        let mut reasons = Vec::new();
        for mode in &self.settings().authorization {
            let decision = match mode {
                Authorization::AlwaysAllow => Decision::ALLOWED,
                Authorization::AlwaysDeny => Decision { allowed: false, reason: "Everything is forbidden.".to_owned() },
                Authorization::Node => node::decide(self, user, attributes),
                Authorization::Rbac => self.0.policies.look(&self.0.store, |index| index.decide(user, attributes)),
            };
            if decision.allowed {
                return decision;
            }
            reasons.push(decision.reason);
        }
        reasons.retain(|reason| !reason.is_empty());
        Decision { allowed: false, reason: reasons.join("\n") }
    }

    /// Whether nobody needs to be asked.
    pub fn everything_is_allowed(&self) -> bool {
        self.settings().authorization.contains(&Authorization::AlwaysAllow)
    }

    /// Whether roles and their bindings count.
    pub fn has_roles(&self) -> bool {
        self.settings().authorization.contains(&Authorization::Rbac)
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

    fn seconds_max(&self) -> Option<i64> {
        self.api.settings().tokens.seconds_max()
    }

    fn sign(&self, claims: Value) -> String {
        self.api.settings().tokens.sign(claims)
    }
}
