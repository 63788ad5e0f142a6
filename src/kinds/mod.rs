//! One file per kind: its names, columns, selectable fields, defaults, validation and strategy.

/// Declares each kind's module and lists its definition; a kind is one file and one line here.
macro_rules! kinds {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// The kinds of this folder.
        pub fn kinds() -> Vec<crate::kinds::Kind> {
            vec![$(crate::kinds::Kind::clone(&$module::DEF)),*]
        }
    };
}

pub mod admission;
pub mod apiextensions;
pub mod apiregistration;
pub mod apps;
pub mod autoscaling;
pub mod batch;
pub mod certificates;
pub mod core;
pub mod flowcontrol;
pub mod model;
pub mod networking;
pub mod quota;
pub mod rbac;
pub mod resource;
pub mod review;
pub mod rules;
pub mod storage;

kinds! {
    endpoint_slice,
    events_event,
    lease,
    pod,
    pod_disruption_budget,
    priority_class,
    runtime_class,
    service,
}

pub use model::{
    admission::AdmissionPlugin,
    allocator::{Allocator, Claim, Family, Ranges},
    authority::{Authority, Issuer},
    column::{Column, Doc},
    connection::{ConnectRequest, Connected, Connection},
    conversion::{Conversion, Converting, Renaming},
    def::{DeletionResult, FieldLabels, Kind, KindDef, NameRule, Scope, SelectableField, Storage, texts},
    strategy::{Check, Companion, Findings, Moment, Strategy},
    subresource::{Behaviour, EditRequest, Form, IfChanged, IssueRequest, Permit, Subresource, SubresourceStrategy},
    verb::Verb,
};

/// Every built-in kind, by group and plural name, which is discovery's order within a group.
pub fn built_in() -> Vec<Kind> {
    let folders = [
        kinds(),
        admission::kinds(),
        admission::policy::kinds(),
        apiextensions::kinds(),
        certificates::kinds(),
        core::kinds(),
        apiregistration::kinds(),
        apps::kinds(),
        autoscaling::kinds(),
        batch::kinds(),
        flowcontrol::kinds(),
        networking::kinds(),
        rbac::kinds(),
        resource::kinds(),
        review::kinds(),
        storage::kinds(),
    ];
    let mut all = folders.concat();
    all.sort_by(|a, b| (&a.gvk.group, &a.plural).cmp(&(&b.gvk.group, &b.plural)));
    all
}
