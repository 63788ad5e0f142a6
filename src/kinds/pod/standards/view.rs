//! A pod as the checks of the standards look at it, and how they name its parts.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::object::meta;
use crate::text::go_quote;

/// A pod, or a template of pods.
pub struct PodView<'a> {
    pod: &'a Value,
}

impl<'a> PodView<'a> {
    /// A view of an object with `metadata` and `spec`.
    pub fn of(pod: &'a Value) -> Self {
        Self { pod }
    }

    /// Something in the spec.
    pub fn spec(&self, path: &[&str]) -> Option<&'a Value> {
        meta::at(meta::at(self.pod, &["spec"])?, path).filter(|value| !value.is_null())
    }

    /// Something in the security context of the pod.
    pub fn security(&self, path: &[&str]) -> Option<&'a Value> {
        meta::at(self.spec(&["securityContext"])?, path).filter(|value| !value.is_null())
    }

    /// The containers of all sorts: those that start first, the regular ones, and the ephemeral ones.
    pub fn containers(&self) -> impl Iterator<Item = ContainerView<'a>> + use<'a> {
        let pod = self.pod;
        let lists = ["initContainers", "containers", "ephemeralContainers"];
        lists.into_iter().flat_map(move |list| meta::items(pod, &["spec", list])).map(ContainerView)
    }

    /// The names of the containers of which this holds.
    pub fn containers_that(&self, holds: impl Fn(ContainerView<'a>) -> bool) -> Vec<&'a str> {
        self.containers().filter(|container| holds(*container)).map(|container| container.name()).collect()
    }

    /// An annotation of the pod.
    pub fn annotation(&self, name: &str) -> Option<&'a str> {
        meta::at(self.pod, &["metadata", "annotations", name])?.as_str()
    }

    /// The annotations of the pod.
    pub fn annotations(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let annotations = meta::map(self.pod, &["metadata", "annotations"]).into_iter().flatten();
        annotations.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))
    }

    /// Whether the pod has users of its own, which are nobody on the node.
    pub fn has_own_users(&self) -> bool {
        self.spec(&["hostUsers"]) == Some(&Value::Bool(false))
    }

    /// Whether the pod says that it is for Windows.
    pub fn is_windows(&self) -> bool {
        self.spec(&["os", "name"]).is_some_and(|name| name == "windows")
    }
}

/// A container of a pod.
#[derive(Clone, Copy)]
pub struct ContainerView<'a>(&'a Value);

impl<'a> ContainerView<'a> {
    /// Its name.
    pub fn name(self) -> &'a str {
        meta::text(self.0, &["name"])
    }

    /// Something in the container.
    pub fn at(self, path: &[&str]) -> Option<&'a Value> {
        meta::at(self.0, path).filter(|value| !value.is_null())
    }

    /// Something in its security context.
    pub fn security(self, path: &[&str]) -> Option<&'a Value> {
        meta::at(self.at(&["securityContext"])?, path).filter(|value| !value.is_null())
    }

    /// The texts of a list in its security context.
    pub fn security_list(self, path: &[&str]) -> impl Iterator<Item = &'a str> + use<'a> {
        let list = self.security(path).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str)
    }
}

/// `container "a"` or `containers "a", "b"`.
pub fn containers(names: &[&str]) -> String {
    format!("{} {}", plural(names.len(), "container", "containers"), quoted(names))
}

/// The pod and containers of which something holds: `pod and container "a"`; empty if it holds of none.
pub fn setters(pod: bool, names: &[&str]) -> String {
    let of_containers = (!names.is_empty()).then(|| containers(names));
    let parts: Vec<_> = pod.then(|| "pod".to_owned()).into_iter().chain(of_containers).collect();
    parts.join(" and ")
}

/// One word or the other, depending on how many there are.
pub fn plural(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// The texts in quotes, in their order.
pub fn quoted<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    texts.into_iter().map(|text| format!("\"{}\"", text.as_ref())).collect::<Vec<_>>().join(", ")
}

/// `key="value"` as Go prints it.
pub fn pair(key: &str, value: &str) -> String {
    format!("{key}={}", go_quote(value))
}

/// Texts without repetitions, in their order.
pub type Set<'a> = BTreeSet<&'a str>;
