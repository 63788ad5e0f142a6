//! MutatingAdmissionPolicyBinding: where a MutatingAdmissionPolicy is in force, and with which parameters.

use std::sync::LazyLock;

use super::strategy::{Flavor, bindings};
use crate::kinds::Kind;

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    bindings(
        Flavor::Mutating,
        "MutatingAdmissionPolicyBinding",
        "api.admissionregistration.v1.MutatingAdmissionPolicyBinding",
    )
});
