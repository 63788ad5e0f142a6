//! One file per kind: its names, columns, selectable fields, defaults, validation and strategy.

pub mod authority;
pub mod check;
pub mod column;
pub mod def;
pub mod escalation;
pub mod fill;
pub mod ip;
pub mod ledger;
pub mod rbac;
pub mod strategy;
pub mod subresource;
pub mod verb;
pub mod workload;

pub use authority::Authority;
pub use column::{Column, Doc};
pub use def::{DeletionResult, FieldLabels, Kind, KindDef, NameRule, Scope, SelectableField, Storage, texts};
pub use ledger::{Claim, Family, Ledger, Ranges};
pub use strategy::{Companion, Moment, Strategy};
pub use subresource::{Action, Subresource};
pub use verb::Verb;

/// Declares each kind's module and lists its definition; a kind is one file and one line here.
macro_rules! kinds {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every built-in kind, in discovery order within its group.
        pub fn built_in() -> Vec<Kind> {
            vec![$(Kind::clone(&$module::DEF)),*]
        }
    };
}

kinds! {
    binding,
    config_map,
    endpoints,
    event,
    namespace,
    node,
    pod,
    secret,
    service_account,
    service,
    self_subject_review,
    token_review,
    local_subject_access_review,
    self_subject_access_review,
    self_subject_rules_review,
    subject_access_review,
    deployment,
    replica_set,
    lease,
    endpoint_slice,
    events_event,
    ingress_class,
    custom_resource_definition,
    ingress,
    ip_address,
    service_cidr,
    cluster_role_binding,
    cluster_role,
    role_binding,
    role,
}
