//! Group, version and kind: how Kubernetes names a type.

use std::{borrow::Cow, fmt};

/// A type's full name. The core group is the empty string.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupVersionKind {
    /// API group, `""` for core.
    pub group: Cow<'static, str>,
    /// Version within the group.
    pub version: Cow<'static, str>,
    /// Kind, in CamelCase.
    pub kind: Cow<'static, str>,
}

impl GroupVersionKind {
    /// Names a type that is known when the program is built.
    pub const fn new(group: &'static str, version: &'static str, kind: &'static str) -> Self {
        Self { group: Cow::Borrowed(group), version: Cow::Borrowed(version), kind: Cow::Borrowed(kind) }
    }

    /// Names a type that is made at run time.
    pub fn owned(group: &str, version: &str, kind: &str) -> Self {
        let owned = |text: &str| Cow::Owned(text.to_owned());
        Self { group: owned(group), version: owned(version), kind: owned(kind) }
    }

    /// `v1` or `discovery.k8s.io/v1`, as written in `apiVersion`.
    pub fn api_version(&self) -> String {
        api_version(&self.group, &self.version)
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
