//! Where an object lives in the store: `<group>/<resource>/<namespace>/<name>`, without the namespace for
//! cluster-scoped kinds. The byte order of keys is the order of lists.

use std::{fmt, sync::Arc};

/// How keys name the core group.
const CORE: &str = "core";

/// The full key of one object. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

/// The beginning that a set of keys shares; it always ends in `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(Arc<str>);

impl Key {
    /// Takes a key as it is written, e.g. `core/services/default/web`.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The key of an object of a resource. The core group is written `core`.
    pub fn at(group: &str, plural: &str, namespace: Option<&str>, name: &str) -> Self {
        let group = if group.is_empty() { CORE } else { group };
        let parts = [Some(group), Some(plural), namespace, Some(name)];
        let mut text =
            String::with_capacity(group.len() + plural.len() + namespace.map_or(0, str::len) + name.len() + 3);
        for part in parts.into_iter().flatten() {
            if !text.is_empty() {
                text.push('/');
            }
            text.push_str(part);
        }
        Self(text.into())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the key lies under the prefix.
    pub fn is_under(&self, prefix: &Prefix) -> bool {
        self.0.starts_with(&*prefix.0)
    }

    /// What follows the prefix: `<namespace>/<name>` or `<name>`.
    pub fn after<'a>(&'a self, prefix: &Prefix) -> Option<&'a str> {
        self.0.strip_prefix(&*prefix.0)
    }

    /// Group and plural name of the resource.
    pub fn resource(&self) -> (&str, &str) {
        let mut parts = self.0.splitn(3, '/');
        let (group, plural) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        (if group == CORE { "" } else { group }, plural)
    }

    /// The last part, which is the object's name.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The namespace part; `None` for the key of a cluster-scoped object.
    pub fn namespace(&self) -> Option<&str> {
        let mut parts = self.0.split('/').skip(2);
        let first = parts.next()?;
        parts.next().map(|_| first)
    }
}

impl Prefix {
    /// All objects of one resource in all namespaces. The core group is written `core`.
    pub fn resource(group: &str, plural: &str) -> Self {
        let group = if group.is_empty() { CORE } else { group };
        Self([group, "/", plural, "/"].concat().into())
    }

    /// The objects of one namespace under this resource.
    pub fn namespace(&self, namespace: &str) -> Self {
        Self([&*self.0, namespace, "/"].concat().into())
    }

    /// The key of the object with this name directly under the prefix.
    pub fn key(&self, name: &str) -> Key {
        Key([&*self.0, name].concat().into())
    }

    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
