//! `ValidatingAdmissionPolicy`: expressions that refuse what is written, where bindings put them in force.

mod known;
mod matching;
mod params;
mod policy;
mod run;

use std::cell::LazyCell;

use serde_json::Value;

use self::{
    known::Known,
    params::Params,
    policy::{Action, Binding, Policy},
    run::{Failure, Run},
};
use super::{Admission, Attributes, Review, Verdict, request::Input};
use crate::{
    kinds::core::namespace,
    object::{
        Status, meta,
        status::{Cause, Reason, Result},
    },
    store::Store,
    verbs::{Api, Target, read::stored},
};

/// The plugin.
pub struct ValidatingPolicies(Known);

impl ValidatingPolicies {
    /// Follows the policies in this store.
    pub fn new(store: Store) -> Self {
        Self(Known::new(store))
    }

    fn review(&self, api: &Api, review: &mut Review<'_>) -> Result<()> {
        let mut refusal = None;
        let target = review.attributes.target;
        let namespace = LazyCell::new(|| namespace_of(api, target));
        for bound in self.0.current().iter() {
            let policy = &*bound.policy;
            let kind = match matching::of_policy(api, policy, review) {
                Ok(Some(kind)) => kind,
                Ok(None) => continue,
                Err(error) => {
                    let why = format!("failed to configure policy: {}", error.message);
                    refuse_unless_ignored(&mut refusal, policy, None, why);
                    continue;
                }
            };
            let input = Input::of(api, review, &kind)?;
            for binding in &bound.bindings {
                let matches = matching::of_binding(api, binding, review);
                let params = match matches {
                    Ok(false) => continue,
                    Ok(true) => Params::of(api, policy, binding, review),
                    Err(error) => Err(error.message.clone()),
                };
                match params {
                    Ok(params) => {
                        for params in params.each() {
                            let failures = Run::new(policy, &input, &namespace, params).validate();
                            report(policy, binding, failures, &mut review.warnings, &mut refusal);
                        }
                    }
                    Err(why) => {
                        let why = format!("failed to configure binding: {why}");
                        refuse_unless_ignored(&mut refusal, policy, Some(binding), why);
                    }
                }
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
        !self.0.is_empty() && attributes.target.def.gvk.group != "admissionregistration.k8s.io"
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
        let def = &review.attributes.target.def;
        let generated = review.object.as_deref().map_or("", |object| meta::text(object, &["metadata", "generateName"]));
        let name = [review.name(), generated].into_iter().find(|name| !name.is_empty()).unwrap_or("Unknown");
        let mut status = Status::forbidden(&def.gvk.group, &def.plural, name, &self.message);
        status.reason = self.reason;
        status.code = self.reason.code();
        if let Some(details) = &mut status.details {
            details.causes.push(Cause { message: self.message, ..Cause::default() });
        }
        status
    }
}

/// A policy that cannot be evaluated refuses the request, unless its failure policy is to ignore that.
fn refuse_unless_ignored(refusal: &mut Option<Refusal>, policy: &Policy, binding: Option<&Binding>, why: String) {
    if policy.ignores_failure {
        return;
    }
    let binding = binding.map(|binding| format!(" with binding '{}'", binding.name)).unwrap_or_default();
    let message = format!("ValidatingAdmissionPolicy '{}'{binding} denied request: {why}", policy.name);
    refusal.get_or_insert(Refusal { message, reason: Reason::Invalid });
}

/// Does what a binding wants done with what was found.
fn report(
    policy: &Policy,
    binding: &Binding,
    failures: Vec<Failure>,
    warnings: &mut Vec<String>,
    refusal: &mut Option<Refusal>,
) {
    let of = format!("ValidatingAdmissionPolicy '{}' with binding '{}'", policy.name, binding.name);
    for Failure { message, reason, denies } in failures {
        if denies || binding.actions.contains(&Action::Deny) {
            let message = format!("{of} denied request: {message}");
            refusal.get_or_insert(Refusal { message, reason });
        } else if binding.actions.contains(&Action::Warn) {
            warnings.push(format!("Validation failed for {of}: {message}"));
        }
    }
}

/// The request's namespace, unless it has none or is one.
fn namespace_of(api: &Api, target: &Target) -> Value {
    let Target { def, namespace: Some(name), .. } = target else { return Value::Null };
    if !def.is_namespaced() {
        return Value::Null;
    }
    let key = Target::new(&namespace::DEF, "", name).key();
    api.0.store.get(&key).map_or(Value::Null, |found| stored::parse(found.bytes()))
}
