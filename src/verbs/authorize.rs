//! Who may do what: the authorization modes, and RBAC over the roles and bindings in the store.

use std::ops::ControlFlow;

use serde::{Deserialize, de::DeserializeOwned};

use super::{Api, Target};
use crate::{
    kinds::{
        Authority, KindDef, cluster_role, cluster_role_binding,
        rbac::{PolicyRule, RoleRef, Subject},
        role, role_binding,
    },
    object::{
        Status, User,
        access::{Attributes, Decision, MASTERS, Subject as Asked},
        status,
        token::Owner,
    },
    store::{Snapshot, Stored},
};

/// How requests are authorized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Authorization {
    /// Everybody may do everything.
    #[default]
    AlwaysAllow,
    /// Roles and their bindings say who may do what.
    Rbac,
}

impl Api {
    /// Whether a user may do this.
    pub fn authorize(&self, user: &User, attributes: &Attributes) -> Decision {
        if self.everything_is_allowed() || user.is_in(MASTERS) {
            return Decision::ALLOWED;
        }
        Policy(self.0.store.snapshot()).decide(user, attributes)
    }

    /// Whether nobody needs to be asked.
    pub fn everything_is_allowed(&self) -> bool {
        self.settings().authorization == Authorization::AlwaysAllow
    }
}

/// Answers for the user who sends a request.
pub(super) struct Reviewer<'a> {
    pub api: &'a Api,
    pub user: &'a User,
}

impl Authority for Reviewer<'_> {
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
        Policy(self.api.0.store.snapshot()).rules(self.user, namespace)
    }

    fn granted(&self, role: &RoleRef, namespace: &str) -> status::Result<Vec<PolicyRule>> {
        let rules = Policy(self.api.0.store.snapshot()).role(role, namespace);
        rules.ok_or_else(|| {
            let def = role_kind(role);
            Status::not_found(def.gvk.group, def.singular, &role.name)
        })
    }

    fn owner(&self, token: &str, audiences: &[String]) -> Result<Owner, String> {
        let tokens = &self.api.settings().tokens;
        tokens.owner(token, if audiences.is_empty() { tokens.audiences() } else { audiences }, self.api)
    }
}

/// The roles and bindings at one moment.
struct Policy(Snapshot);

#[derive(Deserialize)]
struct Role {
    #[serde(default)]
    rules: Option<Vec<PolicyRule>>,
}

#[derive(Deserialize)]
struct Binding {
    metadata: Named,
    #[serde(default)]
    subjects: Option<Vec<Subject>>,
    #[serde(rename = "roleRef")]
    role: RoleRef,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// A rule that a user has, and where it comes from.
struct Grant<'a> {
    rule: PolicyRule,
    binding: &'a Binding,
    subject: &'a Subject,
    /// The binding's namespace, or empty.
    namespace: &'a str,
}

impl Policy {
    fn decide(&self, user: &User, attributes: &Attributes) -> Decision {
        let namespace = match &attributes.subject {
            Asked::Resource(at) => at.namespace,
            Asked::Path(_) => "",
        };
        let mut decision = Decision::default();
        let errors = self.visit(user, namespace, |grant| {
            if !grant.rule.allows(attributes) {
                return ControlFlow::Continue(());
            }
            decision = Decision { allowed: true, reason: format!("RBAC: allowed by {}", grant.source()) };
            ControlFlow::Break(())
        });
        if !decision.allowed && !errors.is_empty() {
            decision.reason = format!("RBAC: {}", join(&errors));
        }
        decision
    }

    fn rules(&self, user: &User, namespace: &str) -> (Vec<PolicyRule>, Vec<String>) {
        let mut rules = Vec::new();
        let errors = self.visit(user, namespace, |grant| {
            rules.push(grant.rule);
            ControlFlow::Continue(())
        });
        (rules, errors)
    }

    /// Shows the rules a user has, those of the whole cluster first, until told to stop. Answers what went wrong.
    fn visit(&self, user: &User, namespace: &str, mut see: impl FnMut(Grant) -> ControlFlow<()>) -> Vec<String> {
        let mut errors = Vec::new();
        let places = [(&cluster_role_binding::DEF, ""), (&role_binding::DEF, namespace)];
        for (def, namespace) in
            places.into_iter().filter(|(def, namespace)| !(def.is_namespaced() && namespace.is_empty()))
        {
            for (_, stored) in self.0.range(&Target::new(def, namespace, "").prefix(), None) {
                let binding: Binding = parse(stored);
                let subjects = binding.subjects.iter().flatten();
                let Some(subject) = subjects.into_iter().find(|subject| subject.applies_to(user, namespace)) else {
                    continue;
                };
                let rules = self.role(&binding.role, namespace).unwrap_or_else(|| {
                    let def = role_kind(&binding.role);
                    errors.push(format!("{}.{} \"{}\" not found", def.singular, def.gvk.group, binding.role.name));
                    Vec::new()
                });
                for rule in rules {
                    if see(Grant { rule, binding: &binding, subject, namespace }).is_break() {
                        return errors;
                    }
                }
            }
        }
        errors
    }

    /// The rules of a role, if there is one.
    fn role(&self, role: &RoleRef, namespace: &str) -> Option<Vec<PolicyRule>> {
        let def = role_kind(role);
        let namespace = if def.is_namespaced() { namespace } else { "" };
        let role: Role = parse(self.0.get(&Target::new(def, namespace, &role.name).key())?);
        Some(role.rules.unwrap_or_default())
    }
}

impl Grant<'_> {
    fn source(&self) -> String {
        let Binding { metadata: Named { name }, role, .. } = self.binding;
        let (kind, place) = match self.namespace {
            "" => ("ClusterRoleBinding", name.clone()),
            namespace => ("RoleBinding", format!("{name}/{namespace}")),
        };
        let whom = self.subject.describe(self.namespace);
        format!("{kind} \"{place}\" of {} \"{}\" to {whom}", role.kind, role.name)
    }
}

fn role_kind(role: &RoleRef) -> &'static KindDef {
    if role.kind == "ClusterRole" { &cluster_role::DEF } else { &role::DEF }
}

fn parse<T: DeserializeOwned>(stored: &Stored) -> T {
    serde_json::from_slice(stored.bytes()).expect("stored roles and bindings have been decoded along their schema")
}

/// Several errors as Go prints an aggregate: each once, in brackets.
fn join(errors: &[String]) -> String {
    let mut once: Vec<&str> = Vec::new();
    for error in errors {
        if !once.contains(&error.as_str()) {
            once.push(error);
        }
    }
    if let [one] = once.as_slice() { (*one).to_owned() } else { format!("[{}]", once.join(", ")) }
}
