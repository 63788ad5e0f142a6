//! Roles and their bindings.

pub mod escalation;
pub mod policy;

kinds! {
    cluster_role,
    cluster_role_binding,
    role,
    role_binding,
}
