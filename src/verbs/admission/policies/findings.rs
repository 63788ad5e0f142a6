//! What a policy finds about a request: reasons to refuse it, and audit annotations.

use serde_json::{Value, json};

use super::policy::{Action, Binding, Policy};
use crate::{object::status::Reason, text::go_json, verbs::admission::Review};

/// The annotation for a failure that a binding wants in the audit log.
const FAILURE: &str = "validation.policy.admission.k8s.io/validation_failure";
/// The longest value of an audit annotation, in bytes.
const LONGEST_ANNOTATION: usize = 10 * 1024;

/// A reason to refuse a request.
pub(super) struct Failure {
    /// Which of the policy's validations this is.
    pub(super) index: usize,
    pub(super) message: String,
    pub(super) reason: Reason,
    /// Whether the request is refused whatever the binding says.
    pub(super) denies: bool,
}

/// What an evaluation has found.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) failures: Vec<Failure>,
    /// Audit annotations, by their keys in the policy.
    pub(super) annotations: Vec<(String, String)>,
}

/// The audit annotations of a policy: by key, each value once.
#[derive(Default)]
pub(super) struct Annotations(Vec<(String, Vec<String>)>);

impl Annotations {
    pub(super) fn add(&mut self, found: Vec<(String, String)>) {
        for (key, mut value) in found {
            value.truncate(value.floor_char_boundary(LONGEST_ANNOTATION));
            match self.0.iter_mut().find(|(known, _)| *known == key) {
                Some((_, values)) if values.contains(&value) => {}
                Some((_, values)) => values.push(value),
                None => self.0.push((key, vec![value])),
            }
        }
    }

    /// Puts them into the audit log.
    pub(super) fn publish(self, policy: &str, review: &Review<'_>) {
        for (key, values) in self.0 {
            review.annotate(&format!("{policy}/{key}"), &values.join(", "));
        }
    }
}

/// Puts a failure into the audit log. Of several in one request the first is kept.
pub(super) fn publish_failure(policy: &Policy, binding: &Binding, failure: &Failure, review: &Review<'_>) {
    let actions: Vec<&str> = binding.actions.iter().copied().map(Action::name).collect();
    let value: Value = json!([{
        "message": failure.message,
        "policy": policy.name,
        "binding": binding.name,
        "expressionIndex": failure.index,
        "validationActions": actions,
    }]);
    review.annotate(FAILURE, &go_json(&value));
}
