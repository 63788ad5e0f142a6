//! `MutatingAdmissionPolicy`: expressions that change what is written, where bindings put them in force.

use std::cell::LazyCell;

use super::{
    forbidden,
    invocations::{self, Invocation},
    known::Known,
    mutation::Broken,
    namespace_of,
    policy::{Binding, Policy},
    run::Run,
};
use crate::{
    kinds::{
        Kind,
        admission::policy::{mutating_admission_policy, mutating_admission_policy_binding},
    },
    object::{
        Status, meta,
        status::{Cause, Reason, Result},
    },
    store::Store,
    text::go_quote,
    verbs::{
        Api,
        admission::{
            Admission, Attributes, Review, Verdict, patched,
            request::{Input, Shape},
        },
    },
};

/// The plugin.
pub struct MutatingPolicies(Known);

impl MutatingPolicies {
    /// Follows the policies in this store.
    pub fn new(store: Store) -> Self {
        Self(Known::new(store, &mutating_admission_policy::DEF, &mutating_admission_policy_binding::DEF))
    }

    /// Which policies are for the request is said before the first of them changes it.
    fn review(&self, api: &Api, review: &mut Review<'_>) -> Result<()> {
        let (plugin, target) = (self.name(), review.attributes.target);
        let bound = self.0.current();
        let (mut refusals, mut due) = (Vec::new(), Vec::new());
        for invocation in invocations::of(api, &bound, review) {
            match invocation {
                Invocation::Misconfigured { policy, binding, why } => {
                    refusals.push(Refusal::new(policy, binding, Reason::Forbidden, &why));
                }
                Invocation::Evaluate { policy, binding, kind, param } => due.push((policy, binding, kind, param)),
            }
        }
        review.reinvocation.start(plugin, review.object.as_deref());
        let mut has_changed = false;
        let namespace = LazyCell::new(|| namespace_of(api, target));
        for (policy, binding, kind, param) in &due {
            let (param, refusals) = (param.as_ref(), &mut refusals);
            let mut evaluation = Evaluation { api, policy, binding, kind, param, namespace: &namespace, refusals };
            if !evaluation.is_wanted(review)? {
                continue;
            }
            let id = id(policy, binding, param);
            if !review.reinvocation.calls(plugin, &id) {
                continue;
            }
            has_changed |= evaluation.mutate(review)?;
            if policy.is_reinvocable {
                review.reinvocation.called(plugin, &id);
            }
        }
        // A policy that was evaluated counts as one that has changed the object, and is evaluated again on its own change.
        if has_changed {
            review.reinvocation.changed(plugin);
        }
        review.reinvocation.finish(plugin, review.object.as_deref());
        if refusals.is_empty() { Ok(()) } else { Err(refuse(review, refusals)) }
    }
}

impl Admission for MutatingPolicies {
    fn name(&self) -> &'static str {
        "MutatingAdmissionPolicy"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        self.0.concern(attributes)
    }

    fn mutate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(std::future::ready(self.review(api, review)))
    }
}

/// The evaluation of a policy for a request.
struct Evaluation<'a> {
    api: &'a Api,
    policy: &'a Policy,
    binding: &'a Binding,
    kind: &'a Kind,
    param: Option<&'a serde_json::Value>,
    namespace: &'a serde_json::Value,
    refusals: &'a mut Vec<Refusal>,
}

impl Evaluation<'_> {
    /// Whether the match conditions hold.
    fn is_wanted(&mut self, review: &Review<'_>) -> Result<bool> {
        if self.policy.conditions.is_empty() {
            return Ok(true);
        }
        let input = Input::of(self.api, review, self.kind)?;
        let wanted = Run::new(self.policy, &input, self.namespace, self.param).is_wanted();
        Ok(wanted.unwrap_or_else(|why| {
            self.fail(&why);
            false
        }))
    }

    /// Changes the object, mutation by mutation, and returns whether one was made.
    fn mutate(&mut self, review: &mut Review<'_>) -> Result<bool> {
        let attributes = review.attributes;
        let mut is_made = false;
        for mutation in &self.policy.mutations {
            if review.object.is_none() {
                continue;
            }
            let shape = Shape::of(&attributes, self.kind)?;
            if attributes.sub.is_some_and(|sub| sub.connects()) {
                let gvk = shape.gvk;
                return Err(Status::new(
                    Reason::ServiceUnavailable,
                    format!(
                        "Resource kind {}/{}, Kind={} not found. There can be a delay between when \
                         CustomResourceDefinitions are created and when they are available.",
                        gvk.group, gvk.version, gvk.kind
                    ),
                ));
            }
            let input = Input::of(self.api, review, self.kind)?;
            let made = mutation.make(&Run::new(self.policy, &input, self.namespace, self.param), &input.object, &shape);
            match (made, review.object.as_deref_mut()) {
                (Ok(changed), Some(object)) => {
                    *object = patched::accept(&shape, &attributes, changed);
                    review.reinvocation.patched();
                    is_made = true;
                }
                (Err(Broken::Failed(why)), _) => self.fail(&why),
                (Err(Broken::Refused(status)), _) => return Err(status),
                (Ok(_), None) => {}
            }
        }
        Ok(is_made)
    }

    /// Notes a failure of the policy, unless those are to be ignored.
    fn fail(&mut self, why: &str) {
        if !self.policy.ignores_failure {
            self.refusals.push(Refusal::new(self.policy, Some(self.binding), Reason::Invalid, why));
        }
    }
}

/// Tells an evaluation from all others of a request.
fn id(policy: &Policy, binding: &Binding, param: Option<&serde_json::Value>) -> String {
    let param = param.map(|param| format!("{}/{}", meta::namespace(param), meta::name(param))).unwrap_or_default();
    format!("{}/{}/{param}", policy.name, binding.name)
}

/// A reason to refuse a request.
struct Refusal {
    message: String,
    reason: Reason,
}

impl Refusal {
    fn new(policy: &Policy, binding: Option<&Binding>, reason: Reason, why: &str) -> Self {
        let of = match binding {
            Some(binding) => format!("policy '{}' with binding '{}'", policy.name, binding.name),
            None => format!("policy {}", go_quote(&policy.name)),
        };
        Self { message: format!("{of} denied request: {why}"), reason }
    }
}

/// The 403 that names all reasons. Its text is the first one, and says nothing else.
fn refuse(review: &Review<'_>, refusals: Vec<Refusal>) -> Box<Status> {
    let mut status = forbidden(review, "");
    if let Some(first) = refusals.first() {
        status.message.clone_from(&first.message);
        status.reason = first.reason;
    }
    if let Some(details) = &mut status.details {
        details.causes =
            refusals.into_iter().map(|Refusal { message, .. }| Cause { message, ..Cause::default() }).collect();
    }
    status
}
