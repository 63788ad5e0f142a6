//! Admission policies: CEL expressions that refuse or change what is written, and the bindings that apply them.

mod annotations;
mod declare;
pub mod expressions;
mod match_resources;
mod mutations;
pub mod objects;
mod param;
mod strategy;
pub mod type_check;
mod validations;
pub mod variables;

kinds! {
    mutating_admission_policy,
    mutating_admission_policy_binding,
    validating_admission_policy,
    validating_admission_policy_binding,
}
