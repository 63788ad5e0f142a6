//! The kinds that say who may do what.

use super::{cluster_role, cluster_role_binding, policy::RoleRef, role, role_binding};
use crate::kinds::Kind;

/// All of them, and whether each is one of bindings.
pub fn sources() -> [(&'static Kind, bool); 4] {
    [(&cluster_role::DEF, false), (&role::DEF, false), (&cluster_role_binding::DEF, true), (&role_binding::DEF, true)]
}

/// The kind of the role that is meant.
pub fn role_kind(role: &RoleRef) -> &'static Kind {
    if role.kind == "ClusterRole" { &cluster_role::DEF } else { &role::DEF }
}

/// The kind of a binding: that of a namespace, or of the whole cluster.
pub fn binding_kind(namespace: &str) -> &'static Kind {
    if namespace.is_empty() { &cluster_role_binding::DEF } else { &role_binding::DEF }
}
