//! One file per kind: its names, columns, selectable fields, defaults, validation and strategy.

/// Declares each kind's module and lists its definition; a kind is one file and one line here.
macro_rules! kinds {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// The kinds of this folder.
        pub const KINDS: &[&crate::kinds::KindDef] = &[$(&$module::DEF),*];
    };
}

pub mod apps;
pub mod core;
pub mod model;
pub mod networking;
pub mod rbac;
pub mod review;
pub mod rules;

kinds! {
    custom_resource_definition,
    endpoint_slice,
    events_event,
    lease,
    pod,
    service,
}

pub use model::{
    authority::Authority,
    def::{Action, Column, DeleteAnswer, Doc, FieldLabels, KindDef, NameRule, Scope, Storage, Subresource, Verb},
    ledger::{Claim, Family, Ledger, Ranges},
    strategy::{Companion, Moment, Strategy},
};

/// Every built-in kind, by group and plural name, which is discovery's order within a group.
pub fn built_in() -> Vec<&'static KindDef> {
    let folders = [KINDS, core::KINDS, apps::KINDS, networking::KINDS, rbac::KINDS, review::KINDS];
    let mut kinds = folders.concat();
    kinds.sort_by_key(|def| (def.gvk.group, def.plural));
    kinds
}
