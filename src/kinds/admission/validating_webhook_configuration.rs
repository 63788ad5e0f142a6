//! ValidatingWebhookConfiguration: webhooks that may refuse what is written.

use std::sync::LazyLock;

use crate::kinds::{Kind, admission::webhook};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    let schema = "api.admissionregistration.v1.ValidatingWebhookConfiguration";
    webhook::configuration("ValidatingWebhookConfiguration", schema, false)
});
