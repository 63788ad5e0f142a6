//! Group, version and kind: how Kubernetes names a type.

use std::fmt;

/// A type's full name. The core group is the empty string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GroupVersionKind {
    /// API group, `""` for core.
    pub group: &'static str,
    /// Version within the group.
    pub version: &'static str,
    /// Kind, in CamelCase.
    pub kind: &'static str,
}

impl GroupVersionKind {
    /// Names a type.
    pub const fn new(group: &'static str, version: &'static str, kind: &'static str) -> Self {
        Self { group, version, kind }
    }

    /// `v1` or `discovery.k8s.io/v1`, as written in `apiVersion`.
    pub fn api_version(&self) -> String {
        api_version(self.group, self.version)
    }
}

/// Joins group and version as `apiVersion` does.
pub fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// Splits `apiVersion` into group and version.
pub fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

impl fmt::Display for GroupVersionKind {
    /// As Go prints it: `/v1, Kind=Service`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}, Kind={}", self.group, self.version, self.kind)
    }
}
