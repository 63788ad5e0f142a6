//! Rules: which requests a webhook or a policy is for.

use serde_json::Value;

use super::{Attributes, Operation};
use crate::{
    kinds::{Kind, Scope},
    object::meta,
};

/// A rule of a webhook or a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    operations: Vec<String>,
    groups: Vec<String>,
    versions: Vec<String>,
    resources: Vec<String>,
    /// `None` stands for every scope.
    scope: Option<Scope>,
}

impl Rule {
    /// Reads a `RuleWithOperations`.
    pub fn of(rule: &Value) -> Self {
        let texts = |member: &str| {
            let items = meta::items(rule, &[member]).iter();
            items.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let scope = match meta::text(rule, &["scope"]) {
            "Cluster" => Some(Scope::Cluster),
            "Namespaced" => Some(Scope::Namespaced),
            _ => None,
        };
        Self {
            operations: texts("operations"),
            groups: texts("apiGroups"),
            versions: texts("apiVersions"),
            resources: texts("resources"),
            scope,
        }
    }

    /// Whether it names the request, as one for this kind.
    pub fn matches(&self, attributes: &Attributes<'_>, kind: &Kind) -> bool {
        let names = |list: &[String], name: &str| list.iter().any(|item| item == "*" || item == name);
        self.scope.is_none_or(|scope| scope == kind.scope)
            && names(&self.operations, attributes.operation.name())
            && names(&self.groups, &kind.gvk.group)
            && names(&self.versions, &kind.gvk.version)
            && self.names_resource(&kind.plural, attributes.sub.map_or("", |sub| &sub.name))
    }

    /// `*` does not stand for subresources.
    fn names_resource(&self, resource: &str, subresource: &str) -> bool {
        self.resources.iter().any(|named| {
            let (name, sub) = named.split_once('/').unwrap_or((named, ""));
            (name == "*" || name == resource) && (sub == "*" || sub == subresource)
        })
    }
}

/// The kind that a request is for as these rules see it: its own, or else, if equivalent ones count, another one that
/// shows the same objects. `None` if no rule names the request.
pub fn matched(
    rules: &[Rule],
    equivalent: bool,
    attributes: &Attributes<'_>,
    kinds: &crate::verbs::Kinds,
) -> Option<Kind> {
    let own = &attributes.target.def;
    if rules.iter().any(|rule| rule.matches(attributes, own)) {
        return Some(own.clone());
    }
    if !equivalent {
        return None;
    }
    let same = |kind: &&Kind| *kind != own && kind.has_objects() && kind.stored() == own.stored();
    let others: Vec<_> = kinds.iter().filter(same).collect();
    let named = |rule: &Rule| others.iter().find(|kind| rule.matches(attributes, kind)).map(|kind| (*kind).clone());
    rules.iter().find_map(named)
}

impl Operation {
    /// The name in rules and reviews.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}
