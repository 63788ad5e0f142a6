//! MutatingAdmissionPolicy: policies that change what is written.

use std::sync::LazyLock;

use super::strategy::{Flavor, policies};
use crate::kinds::Kind;

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    policies(Flavor::Mutating, "MutatingAdmissionPolicy", "api.admissionregistration.v1.MutatingAdmissionPolicy")
});
