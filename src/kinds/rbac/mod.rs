//! Roles and their bindings.

pub mod escalation;
pub mod policy;
pub mod sources;

kinds! {
    cluster_role,
    cluster_role_binding,
    role,
    role_binding,
}
