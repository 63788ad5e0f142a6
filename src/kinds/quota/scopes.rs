//! Scopes: which of the objects that a quota could measure it does measure.

use serde_json::Value;

use crate::object::meta;

/// Pods that end by themselves.
pub const TERMINATING: &str = "Terminating";
/// Pods that do not.
pub const NOT_TERMINATING: &str = "NotTerminating";
/// Pods that ask for nothing.
pub const BEST_EFFORT: &str = "BestEffort";
/// Pods that ask for something.
pub const NOT_BEST_EFFORT: &str = "NotBestEffort";
/// Pods of a priority class.
pub const PRIORITY_CLASS: &str = "PriorityClass";
/// Pods whose affinity is about other namespaces.
pub const CROSS_NAMESPACE_POD_AFFINITY: &str = "CrossNamespacePodAffinity";
/// Claims of a class of volume attributes.
pub const VOLUME_ATTRIBUTES_CLASS: &str = "VolumeAttributesClass";

/// All scopes.
pub const ALL: [&str; 7] = [
    TERMINATING,
    NOT_TERMINATING,
    BEST_EFFORT,
    NOT_BEST_EFFORT,
    PRIORITY_CLASS,
    CROSS_NAMESPACE_POD_AFFINITY,
    VOLUME_ATTRIBUTES_CLASS,
];

/// What a quota requires of the objects that it measures.
#[derive(Clone, Copy, Debug)]
pub struct Requirement<'a> {
    /// The scope.
    pub scope: &'a str,
    operator: &'a str,
    values: &'a [Value],
}

/// What a quota requires, by its scopes and by its selector.
pub fn requirements(quota: &Value) -> Vec<Requirement<'_>> {
    let scopes = meta::items(quota, &["spec", "scopes"]).iter().filter_map(Value::as_str);
    let scopes = scopes.map(|scope| Requirement { scope, operator: "Exists", values: &[] });
    let selected = meta::items(quota, &["spec", "scopeSelector", "matchExpressions"]).iter();
    let selected = selected.map(|requirement| Requirement {
        scope: meta::text(requirement, &["scopeName"]),
        operator: meta::text(requirement, &["operator"]),
        values: meta::items(requirement, &["values"]),
    });
    scopes.chain(selected).collect()
}

impl Requirement<'_> {
    /// Whether an object that has these names meets it.
    pub fn admits(&self, names: &[&str]) -> bool {
        let listed = |name: &str| self.values.iter().any(|value| value.as_str() == Some(name));
        match self.operator {
            "Exists" => !names.is_empty(),
            "DoesNotExist" => names.is_empty(),
            "In" => names.iter().any(|name| listed(name)),
            "NotIn" => names.is_empty() || names.iter().any(|name| !listed(name)),
            _ => false,
        }
    }
}
