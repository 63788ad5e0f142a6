//! MutatingWebhookConfiguration: webhooks that may change what is written.

use std::sync::LazyLock;

use crate::kinds::{Kind, admission::webhook};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    let schema = "api.admissionregistration.v1.MutatingWebhookConfiguration";
    webhook::configuration("MutatingWebhookConfiguration", schema, true)
});
