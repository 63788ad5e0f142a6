//! ValidatingAdmissionPolicyBinding: where a ValidatingAdmissionPolicy is in force, with which parameters, and what follows from a refusal.

use std::sync::LazyLock;

use super::strategy::{Flavor, bindings};
use crate::kinds::Kind;

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    bindings(
        Flavor::Validating,
        "ValidatingAdmissionPolicyBinding",
        "api.admissionregistration.v1.ValidatingAdmissionPolicyBinding",
    )
});
