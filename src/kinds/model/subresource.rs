//! `Subresource`: a path below an object, such as `status` or `scale`.

use std::{fmt, ops::Deref, sync::Arc};

use super::{def::Text, verb::Verb};
use crate::object::GroupVersionKind;

/// A path below an object: a cheap handle on its definition.
#[derive(Clone)]
pub struct Subresource(Arc<SubresourceDef>);

/// The definition of a subresource.
pub struct SubresourceDef {
    /// Last path segment.
    pub name: Text,
    /// The kind that discovery names for it.
    pub gvk: GroupVersionKind,
    /// What clients may do with it.
    pub verbs: Vec<Verb>,
    /// What the engine does.
    pub action: Action,
}

/// What a subresource does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Reads the object, writes its status (and what [`Strategy::prepare_for_status`] lets through).
    ///
    /// [`Strategy::prepare_for_status`]: super::Strategy::prepare_for_status
    Status,
    /// Replaces a namespace's `spec.finalizers`.
    Finalize,
    /// Assigns a pod to a node.
    Binding,
    /// Deletes a pod as the eviction API does.
    Eviction,
    /// Changes a pod's spec in a way the main resource forbids (`ephemeralcontainers`, `resize`).
    Spec,
    /// Reads and writes how many pods there should be, as a `Scale`.
    Scale,
    /// Issues a service account token.
    Token,
    /// Listed by discovery, but needs a node to serve it (`log`, `exec`, `proxy`, …).
    NeedsNode,
}

impl Subresource {
    /// Defines a subresource.
    pub fn new(name: impl Into<Text>, gvk: GroupVersionKind, verbs: &[Verb], action: Action) -> Self {
        Self(Arc::new(SubresourceDef { name: name.into(), gvk, verbs: verbs.to_vec(), action }))
    }
}

impl Deref for Subresource {
    type Target = SubresourceDef;

    fn deref(&self) -> &SubresourceDef {
        &self.0
    }
}

impl fmt::Debug for Subresource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
