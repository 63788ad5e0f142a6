//! What the audit log says of calls of webhooks: whether they changed the object, and that they failed and were ignored.

use serde_json::json;

use super::configurations::Webhook;
use crate::{text::go_json, verbs::admission::Review};

/// Whether a mutating webhook has changed the object. It is the one at `index` among all webhooks.
pub(super) fn mutation(review: &Review<'_>, hook: &Webhook, index: usize, mutated: bool) {
    let value = json!({"configuration": hook.configuration, "webhook": hook.name, "mutated": mutated});
    let round = u8::from(review.reinvocation.is_second());
    review.annotate(&format!("mutation.webhook.admission.k8s.io/round_{round}_index_{index}"), &go_json(&value));
}

/// A mutating webhook could not be called, which is ignored.
pub(super) fn mutation_failed_open(review: &Review<'_>, hook: &Webhook, index: usize) {
    let round = u8::from(review.reinvocation.is_second());
    let key = format!("failed-open.mutation.webhook.admission.k8s.io/round_{round}_index_{index}");
    review.annotate(&key, &hook.name);
}

/// A validating webhook could not be called, which is ignored. It is the one at `index` among those that are called.
pub(super) fn validation_failed_open(review: &Review<'_>, hook: &Webhook, index: usize) {
    let key = format!("failed-open.validating.webhook.admission.k8s.io/round_0_index_{index}");
    review.annotate(&key, &hook.name);
}
