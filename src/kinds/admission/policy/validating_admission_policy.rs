//! ValidatingAdmissionPolicy: policies that may refuse what is written.

use std::sync::LazyLock;

use super::strategy::{Flavor, policies};
use crate::kinds::Kind;

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    policies(Flavor::Validating, "ValidatingAdmissionPolicy", "api.admissionregistration.v1.ValidatingAdmissionPolicy")
});
