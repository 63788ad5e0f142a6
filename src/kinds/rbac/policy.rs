//! Policy rules, role references and subjects: what the four RBAC kinds share.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::kinds::rules::{check, fill};
use crate::object::{
    FieldError, FieldErrors, Path, User,
    access::{Attributes, Subject as Asked, service_account_name},
    meta::{self, Object},
    names,
};

/// The API group of the RBAC kinds.
pub const GROUP: &str = "rbac.authorization.k8s.io";

/// What may be done to what: `rbac/v1.PolicyRule`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyRule {
    /// The verbs, or `*`.
    pub verbs: Vec<String>,
    /// The API groups, or `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api_groups: Vec<String>,
    /// The resources, `resource/subresource`, `*/subresource` or `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// The names of the objects; none means all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_names: Vec<String>,
    /// Paths outside all resources; a trailing `*` stands for any ending.
    #[serde(rename = "nonResourceURLs", skip_serializing_if = "Vec::is_empty")]
    pub non_resource_urls: Vec<String>,
}

/// The role that a binding grants: `rbac/v1.RoleRef`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RoleRef {
    /// `Role` or `ClusterRole`.
    pub kind: String,
    /// The role's name.
    pub name: String,
}

/// Whom a binding grants a role: `rbac/v1.Subject`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Subject {
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The namespace of a service account; empty means the binding's.
    pub namespace: String,
}

impl PolicyRule {
    /// The rules under which everything may be done.
    pub fn everything() -> Vec<Self> {
        let all = || vec!["*".to_owned()];
        let resources = Self { verbs: all(), api_groups: all(), resources: all(), ..Self::default() };
        vec![resources, Self { verbs: all(), non_resource_urls: all(), ..Self::default() }]
    }

    /// Whether the rule lets this be done.
    pub fn allows(&self, attributes: &Attributes) -> bool {
        if !is_or_any(&self.verbs, attributes.verb) {
            return false;
        }
        match &attributes.subject {
            Asked::Path(path) => self.non_resource_urls.iter().any(|pattern| path_matches(pattern, path)),
            Asked::Resource(at) => {
                is_or_any(&self.api_groups, at.group)
                    && self.resources.iter().any(|pattern| resource_matches(pattern, at.resource, at.subresource))
                    && (self.resource_names.is_empty() || self.resource_names.iter().any(|name| name == at.name))
            }
        }
    }
}

impl Subject {
    /// Whether the user is meant. `namespace` is the binding's, or empty.
    pub fn applies_to(&self, user: &User, namespace: &str) -> bool {
        match self.kind.as_str() {
            "Group" => user.is_in(&self.name),
            _ => self.user_name(namespace).is_some_and(|name| name == user.name),
        }
    }

    /// The name of the user that is meant, unless it is a group. `namespace` is the binding's, or empty.
    pub fn user_name(&self, namespace: &str) -> Option<String> {
        let namespace = if self.namespace.is_empty() { namespace } else { &self.namespace };
        match self.kind.as_str() {
            "User" => Some(self.name.clone()),
            "ServiceAccount" if !namespace.is_empty() => Some(service_account_name(namespace, &self.name)),
            _ => None,
        }
    }

    /// The subject as decisions describe it.
    pub fn describe(&self, namespace: &str) -> String {
        match self.kind.as_str() {
            "ServiceAccount" if self.namespace.is_empty() => format!("ServiceAccount \"{}/{namespace}\"", self.name),
            "ServiceAccount" => format!("ServiceAccount \"{}/{}\"", self.name, self.namespace),
            kind => format!("{kind} \"{}\"", self.name),
        }
    }
}

/// Checks the rules of a role.
pub fn rule_errors(role: &Value, namespaced: bool) -> FieldErrors {
    let rules = meta::items(role, &["rules"]).iter().enumerate();
    rules.flat_map(|(index, rule)| errors_of(&Path::new("rules").index(index), rule, namespaced)).collect()
}

/// Fills in the API groups of a binding's role and subjects.
pub fn default_binding(binding: &mut Value) {
    let Some(members) = binding.as_object_mut() else { return };
    fill::inside(members, "roleRef", |role| fill::absent(role, "apiGroup", GROUP));
    fill::each(members, "subjects", |subject| {
        if matches!(text(subject, "kind"), "User" | "Group") {
            fill::absent(subject, "apiGroup", GROUP);
        }
    });
}

/// Checks a binding that may grant roles of these kinds.
pub fn binding_errors(binding: &Value, kinds: &[&str], namespaced: bool) -> FieldErrors {
    let role = |member| meta::text(binding, &["roleRef", member]);
    let path = Path::new("roleRef");
    let mut errors = FieldErrors::new();
    if role("apiGroup") != GROUP {
        errors.push(FieldError::not_supported(&path.child("apiGroup"), role("apiGroup"), &[GROUP]));
    }
    if !kinds.contains(&role("kind")) {
        errors.push(FieldError::not_supported(&path.child("kind"), role("kind"), kinds));
    }
    match role("name") {
        "" => errors.push(FieldError::required(&path.child("name"), "")),
        name => errors.extend(check::rule(&path.child("name"), name, names::path_segment)),
    }
    for (index, subject) in meta::items(binding, &["subjects"]).iter().enumerate() {
        errors.extend(subject_errors(&Path::new("subjects").index(index), subject, namespaced));
    }
    errors
}

/// A binding grants the same role for as long as it lives.
pub fn changed_role_errors(binding: &Value, old: &Value) -> FieldErrors {
    if binding.get("roleRef") == old.get("roleRef") {
        return FieldErrors::new();
    }
    let role = |member| meta::text(binding, &["roleRef", member]);
    let shown = json!({"APIGroup": role("apiGroup"), "Kind": role("kind"), "Name": role("name")});
    vec![FieldError::invalid(&Path::new("roleRef"), shown, "cannot change roleRef")]
}

/// What a table shows of a binding: its role, and its users, groups and service accounts.
pub fn binding_cells(binding: &Value) -> (String, [String; 3]) {
    let role = |member| meta::text(binding, &["roleRef", member]);
    let named = |kind: &str| {
        let subjects = meta::items(binding, &["subjects"]).iter();
        let subjects = subjects.filter(|subject| meta::text(subject, &["kind"]) == kind);
        let names = subjects.map(|subject| match (kind, meta::text(subject, &["name"])) {
            ("ServiceAccount", name) => format!("{}/{name}", meta::text(subject, &["namespace"])),
            (_, name) => name.to_owned(),
        });
        names.collect::<Vec<_>>().join(", ")
    };
    (format!("{}/{}", role("kind"), role("name")), ["User", "Group", "ServiceAccount"].map(named))
}

fn is_or_any(patterns: &[String], value: &str) -> bool {
    patterns.iter().any(|pattern| pattern == "*" || pattern == value)
}

/// Whether a path is the pattern, or starts as a pattern with a trailing `*` says.
pub fn path_matches(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => path.starts_with(start.trim_end_matches('*')),
        None => pattern == path,
    }
}

fn resource_matches(pattern: &str, resource: &str, subresource: &str) -> bool {
    match pattern.split_once('/') {
        None => pattern == "*" || (subresource.is_empty() && pattern == resource),
        Some((of, sub)) => !subresource.is_empty() && sub == subresource && (of == "*" || of == resource),
    }
}

fn errors_of(path: &Path, rule: &Value, namespaced: bool) -> FieldErrors {
    let some = |member: &str| !meta::items(rule, &[member]).is_empty();
    let mut errors = FieldErrors::new();
    if !some("verbs") {
        errors.push(FieldError::required(&path.child("verbs"), "verbs must contain at least one value"));
    }
    if some("nonResourceURLs") {
        let mut refuse = |detail: &str| {
            let urls = rule["nonResourceURLs"].clone();
            errors.push(FieldError::invalid(&path.child("nonResourceURLs"), urls, detail));
        };
        if namespaced {
            refuse("namespaced rules cannot apply to non-resource URLs");
        }
        if some("apiGroups") || some("resources") || some("resourceNames") {
            refuse("rules cannot apply to both regular resources and non-resource URLs");
        }
        return errors;
    }
    for (member, what) in [("apiGroups", "api group"), ("resources", "resource")] {
        if !some(member) {
            let detail = format!("resource rules must supply at least one {what}");
            errors.push(FieldError::required(&path.child(member), &detail));
        }
    }
    errors
}

fn subject_errors(path: &Path, subject: &Value, namespaced: bool) -> FieldErrors {
    let of = |member| meta::text(subject, &[member]);
    let mut errors = FieldErrors::new();
    if of("name").is_empty() {
        errors.push(FieldError::required(&path.child("name"), ""));
    }
    let group = match of("kind") {
        "ServiceAccount" => "",
        "User" | "Group" => GROUP,
        kind => {
            let kinds = ["ServiceAccount", "User", "Group"];
            errors.push(FieldError::not_supported(&path.child("kind"), kind, &kinds));
            return errors;
        }
    };
    if group.is_empty() && !of("name").is_empty() {
        errors.extend(check::rule(&path.child("name"), of("name"), names::dns1123_subdomain));
    }
    if of("apiGroup") != group {
        errors.push(FieldError::not_supported(&path.child("apiGroup"), of("apiGroup"), &[group]));
    }
    if group.is_empty() && !namespaced && of("namespace").is_empty() {
        errors.push(FieldError::required(&path.child("namespace"), ""));
    }
    errors
}

fn text<'a>(members: &'a Object, name: &str) -> &'a str {
    members.get(name).and_then(Value::as_str).unwrap_or_default()
}
