//! `ValidatingAdmissionPolicy`: expressions that refuse what is written, where bindings put them in force.

use std::cell::LazyCell;

use super::{
    findings::{Annotations, Findings, publish_failure},
    forbidden,
    invocations::{self, Invocation},
    known::Known,
    namespace_of,
    policy::{Action, Binding, Policy},
    run::Run,
};
use crate::{
    kinds::{
        Kind,
        admission::policy::{validating_admission_policy, validating_admission_policy_binding},
    },
    object::{
        Status,
        status::{Cause, Reason, Result},
    },
    store::Store,
    verbs::{
        Api,
        admission::{Admission, Attributes, Review, Verdict, request::Input},
    },
};

/// The plugin.
pub struct ValidatingPolicies(Known);

impl ValidatingPolicies {
    /// Follows the policies in this store.
    pub fn new(store: Store) -> Self {
        Self(Known::new(store, &validating_admission_policy::DEF, &validating_admission_policy_binding::DEF))
    }

    fn review(&self, api: &Api, review: &mut Review<'_>) -> Result<()> {
        let bound = self.0.current();
        let target = review.attributes.target;
        let namespace = LazyCell::new(|| namespace_of(api, target));
        // The object does not change any more, so all policies of a kind see the same input.
        let mut input: Option<(Kind, Input)> = None;
        let mut refusal = None;
        for of_policy in invocations::of(api, &bound, review).chunk_by(|a, b| std::ptr::eq(a.policy(), b.policy())) {
            let mut annotations = Annotations::default();
            for invocation in of_policy {
                match invocation {
                    Invocation::Misconfigured { policy, binding, why } => {
                        let binding =
                            binding.map(|binding| format!(" with binding '{}'", binding.name)).unwrap_or_default();
                        let message =
                            format!("ValidatingAdmissionPolicy '{}'{binding} denied request: {why}", policy.name);
                        refusal.get_or_insert(Refusal { message, reason: Reason::Invalid });
                    }
                    Invocation::Evaluate { policy, binding, kind, param } => {
                        let of_kind = match input.take().filter(|(of, _)| of == kind) {
                            Some(same) => same,
                            None => (kind.clone(), Input::of(api, review, kind)?),
                        };
                        let (_, seen) = input.insert(of_kind);
                        let found = Run::new(policy, seen, &namespace, param.as_ref()).validate();
                        let Findings { annotations: of_run, .. } = &found;
                        annotations.add(of_run.clone());
                        report(policy, binding, &found, review, &mut refusal);
                    }
                }
            }
            if let Some(policy) = of_policy.first().map(Invocation::policy) {
                annotations.publish(&policy.name, review);
            }
        }
        refusal.map_or(Ok(()), |refusal: Refusal| Err(refusal.into_status(review)))
    }
}

impl Admission for ValidatingPolicies {
    fn name(&self) -> &'static str {
        "ValidatingAdmissionPolicy"
    }

    fn validates(&self, attributes: &Attributes<'_>) -> bool {
        self.0.concern(attributes)
    }

    fn validate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(std::future::ready(self.review(api, review)))
    }
}

/// The first reason to refuse a request.
struct Refusal {
    message: String,
    reason: Reason,
}

impl Refusal {
    fn into_status(self, review: &Review<'_>) -> Box<Status> {
        let mut status = forbidden(review, &self.message);
        status.reason = self.reason;
        status.code = self.reason.code();
        if let Some(details) = &mut status.details {
            details.causes.push(Cause { message: self.message, ..Cause::default() });
        }
        status
    }
}

/// Does what a binding wants done with what was found.
fn report(
    policy: &Policy,
    binding: &Binding,
    found: &Findings,
    review: &mut Review<'_>,
    refusal: &mut Option<Refusal>,
) {
    let of = format!("ValidatingAdmissionPolicy '{}' with binding '{}'", policy.name, binding.name);
    for failure in &found.failures {
        if failure.denies || binding.actions.contains(&Action::Deny) {
            let message = format!("{of} denied request: {}", failure.message);
            refusal.get_or_insert(Refusal { message, reason: failure.reason });
        }
        if failure.denies {
            continue;
        }
        if binding.actions.contains(&Action::Warn) {
            review.warnings.push(format!("Validation failed for {of}: {}", failure.message));
        }
        if binding.actions.contains(&Action::Audit) {
            publish_failure(policy, binding, failure, review);
        }
    }
}
