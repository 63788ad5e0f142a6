//! RBAC's roles and bindings, parsed once and found by those they are for. Follows the store.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    ops::ControlFlow,
    sync::{PoisonError, RwLock},
};

use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    kinds::rbac::{
        policy::{PolicyRule, RoleRef, Subject},
        sources::{binding_kind, role_kind, sources},
    },
    object::{
        Key, Revision, User,
        access::{Attributes, Decision, Subject as Asked},
    },
    store::{Cursor, Store, Stored},
};

/// The index, made when somebody asks for the first time.
#[derive(Default)]
pub(in crate::verbs) struct Policies(RwLock<Option<Index>>);

impl Policies {
    /// Reads the index, which has caught up with the store before.
    pub fn look<T>(&self, store: &Store, see: impl FnOnce(&Index) -> T) -> T {
        let newest = store.revision();
        let index = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = index.as_ref().filter(|index| index.position >= newest) {
            return see(index);
        }
        drop(index);
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if !index.as_mut().is_some_and(|index| index.catch_up(newest)) {
            *index = None;
        }
        see(index.get_or_insert_with(|| Index::new(store)))
    }
}

/// All roles and bindings.
pub(in crate::verbs) struct Index {
    position: Revision,
    /// One for each kind that is followed, in order.
    cursors: Vec<Cursor>,
    /// By namespace; those of the whole cluster are in the empty one.
    by_namespace: HashMap<String, Policy>,
}

/// The roles and bindings of a namespace, or of the cluster.
#[derive(Default)]
struct Policy {
    roles: HashMap<String, Vec<PolicyRule>>,
    bindings: HashMap<String, Binding>,
    /// The names of the bindings that name a user.
    users: HashMap<String, BTreeSet<String>>,
    /// The names of the bindings that name a group.
    groups: HashMap<String, BTreeSet<String>>,
}

#[derive(Deserialize)]
struct Role {
    #[serde(default)]
    rules: Option<Vec<PolicyRule>>,
}

#[derive(Deserialize)]
struct Binding {
    #[serde(default)]
    subjects: Option<Vec<Subject>>,
    #[serde(rename = "roleRef")]
    role: RoleRef,
}

/// A rule that a user has, and where it comes from.
struct Grant<'a> {
    rule: &'a PolicyRule,
    name: &'a str,
    binding: &'a Binding,
    subject: &'a Subject,
    /// The binding's namespace, or empty.
    namespace: &'a str,
}

impl Index {
    /// Whether a user may do this.
    pub fn decide(&self, user: &User, attributes: &Attributes) -> Decision {
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

    /// What a user may do in a namespace, and what went wrong in finding out.
    pub fn rules(&self, user: &User, namespace: &str) -> (Vec<PolicyRule>, Vec<String>) {
        let mut rules = Vec::new();
        let errors = self.visit(user, namespace, |grant| {
            rules.push(grant.rule.clone());
            ControlFlow::Continue(())
        });
        (rules, errors)
    }

    /// The rules of a role, if there is one. The namespace is that of the binding.
    pub fn role(&self, role: &RoleRef, namespace: &str) -> Option<&[PolicyRule]> {
        let namespace = if role_kind(role).is_namespaced() { namespace } else { "" };
        self.by_namespace.get(namespace)?.roles.get(&role.name).map(Vec::as_slice)
    }

    /// Shows the rules a user has, those of the whole cluster first, until `see` breaks. Returns what went wrong.
    fn visit(&self, user: &User, namespace: &str, mut see: impl FnMut(Grant) -> ControlFlow<()>) -> Vec<String> {
        let mut errors = Vec::new();
        let namespaces = [Some(""), Some(namespace).filter(|name| !name.is_empty())];
        for namespace in namespaces.into_iter().flatten() {
            for (name, binding) in
                self.by_namespace.get(namespace).into_iter().flat_map(|policy| policy.bindings_of(user))
            {
                let mut subjects = binding.subjects.iter().flatten();
                let Some(subject) = subjects.find(|subject| subject.applies_to(user, namespace)) else { continue };
                let rules = self.role(&binding.role, namespace).unwrap_or_else(|| {
                    let def = role_kind(&binding.role);
                    errors.push(format!("{}.{} \"{}\" not found", def.singular, def.gvk.group, binding.role.name));
                    &[]
                });
                for rule in rules {
                    if see(Grant { rule, name, binding, subject, namespace }).is_break() {
                        return errors;
                    }
                }
            }
        }
        errors
    }

    fn new(store: &Store) -> Self {
        let snapshot = store.snapshot();
        let position = snapshot.revision();
        let cursors = sources().into_iter().map(|(def, _)| store.watch(def.prefix(), position));
        // Without cursors nothing is followed, and the index is made anew after every change.
        let cursors = cursors.collect::<Result<Vec<_>, _>>().unwrap_or_default();
        let mut index = Self { position, cursors, by_namespace: HashMap::new() };
        for (def, is_binding) in sources() {
            for (key, stored) in snapshot.range(&def.prefix(), None) {
                index.put(key, is_binding, stored);
            }
        }
        index
    }

    /// Follows everything that has happened up to this revision; false if that cannot be known any more.
    fn catch_up(&mut self, newest: Revision) -> bool {
        let mut cursors = std::mem::take(&mut self.cursors);
        for ((_, is_binding), cursor) in sources().into_iter().zip(&mut cursors) {
            loop {
                let Ok(events) = cursor.try_next() else { return false };
                if events.is_empty() {
                    break;
                }
                for event in events {
                    self.remove(&event.key, is_binding);
                    if !event.deleted {
                        self.put(&event.key, is_binding, &event.object);
                    }
                }
            }
        }
        self.cursors = cursors;
        self.position = newest;
        self.cursors.len() == sources().len()
    }

    fn put(&mut self, key: &Key, is_binding: bool, stored: &Stored) {
        let namespace = key.namespace().unwrap_or_default();
        let policy = self.by_namespace.entry(namespace.to_owned()).or_default();
        let name = key.name().to_owned();
        if !is_binding {
            policy.roles.insert(name, parse::<Role>(stored).rules.unwrap_or_default());
            return;
        }
        let binding: Binding = parse(stored);
        for subject in binding.subjects.iter().flatten() {
            let (names, whom) = policy.names_of(subject, namespace);
            names.entry(whom).or_default().insert(name.clone());
        }
        policy.bindings.insert(name, binding);
    }

    fn remove(&mut self, key: &Key, is_binding: bool) {
        let namespace = key.namespace().unwrap_or_default();
        let Some(policy) = self.by_namespace.get_mut(namespace) else { return };
        if !is_binding {
            policy.roles.remove(key.name());
        } else if let Some(binding) = policy.bindings.remove(key.name()) {
            for subject in binding.subjects.iter().flatten() {
                let (names, whom) = policy.names_of(subject, namespace);
                if let Some(bindings) = names.get_mut(&whom) {
                    bindings.remove(key.name());
                    if bindings.is_empty() {
                        names.remove(&whom);
                    }
                }
            }
        }
        if policy.roles.is_empty() && policy.bindings.is_empty() {
            self.by_namespace.remove(namespace);
        }
    }
}

impl Policy {
    /// The bindings that name a user or one of the user's groups, in order of name.
    fn bindings_of(&self, user: &User) -> impl Iterator<Item = (&str, &Binding)> {
        let groups = user.groups.iter().filter_map(|group| self.groups.get(group));
        let names: BTreeSet<&String> = self.users.get(&user.name).into_iter().chain(groups).flatten().collect();
        names.into_iter().filter_map(|name| Some((name.as_str(), self.bindings.get(name)?)))
    }

    /// Where the bindings of a subject are noted, and under which name.
    fn names_of(&mut self, subject: &Subject, namespace: &str) -> (&mut HashMap<String, BTreeSet<String>>, String) {
        match subject.user_name(namespace) {
            Some(user) => (&mut self.users, user),
            None => (&mut self.groups, subject.name.clone()),
        }
    }
}

impl Grant<'_> {
    fn source(&self) -> String {
        let (name, role) = (self.name, &self.binding.role);
        let kind = &binding_kind(self.namespace).gvk.kind;
        let path = match self.namespace {
            "" => name.to_owned(),
            namespace => format!("{name}/{namespace}"),
        };
        let whom = self.subject.describe(self.namespace);
        format!("{kind} \"{path}\" of {} \"{}\" to {whom}", role.kind, role.name)
    }
}

fn parse<T: DeserializeOwned>(stored: &Stored) -> T {
    serde_json::from_slice(stored.bytes()).expect("stored roles and bindings have been decoded along their schema")
}

/// Several errors as Go prints an aggregate: each once, in brackets.
fn join(errors: &[String]) -> String {
    let mut known = HashSet::new();
    let once: Vec<&str> = errors.iter().map(String::as_str).filter(|error| known.insert(*error)).collect();
    if let [one] = once.as_slice() { (*one).to_owned() } else { format!("[{}]", once.join(", ")) }
}
