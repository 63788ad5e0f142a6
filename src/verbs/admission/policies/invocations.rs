//! What is to be evaluated for a request: each policy that is for it, by each of its bindings, with each parameter.

use serde_json::Value;

use super::{
    known::Bound,
    matching, params,
    policy::{Binding, Policy},
};
use crate::{
    kinds::Kind,
    verbs::{Api, admission::Review},
};

/// A policy that is for a request, or that cannot be evaluated for it.
pub(super) enum Invocation<'a> {
    Evaluate {
        policy: &'a Policy,
        binding: &'a Binding,
        /// The kind as which the policy sees the object.
        kind: Kind,
        param: Option<Value>,
    },
    /// Its configuration is wrong, or its binding's.
    Misconfigured { policy: &'a Policy, binding: Option<&'a Binding>, why: String },
}

impl<'a> Invocation<'a> {
    pub(super) fn policy(&self) -> &'a Policy {
        match self {
            Self::Evaluate { policy, .. } | Self::Misconfigured { policy, .. } => policy,
        }
    }
}

/// All invocations for a request, policy by policy. Those that cannot be evaluated are left out where failures are to be
/// ignored.
pub(super) fn of<'a>(api: &Api, bound: &'a [Bound], review: &Review<'_>) -> Vec<Invocation<'a>> {
    let mut all = Vec::new();
    for bound in bound {
        let policy = &*bound.policy;
        let found = matching::of_policy(api, policy, review).map_err(|error| error.message.clone());
        let kinds = match found {
            Ok(None) => continue,
            Ok(Some(kind)) => params::kind(api, policy).map(|param_kind| (kind, param_kind)),
            Err(why) => Err(why),
        };
        let (kind, param_kind) = match kinds {
            Ok(kinds) => kinds,
            Err(why) => {
                let why = format!("failed to configure policy: {why}");
                all.extend(misconfigured(policy, None, why));
                continue;
            }
        };
        for binding in &bound.bindings {
            let params = match matching::of_binding(api, binding, review) {
                Ok(false) => continue,
                Ok(true) => params::of(api, param_kind.as_ref(), binding, review),
                Err(error) => Err(error.message.clone()),
            };
            match params {
                Ok(params) => {
                    let each = params.into_iter();
                    all.extend(each.map(|param| Invocation::Evaluate { policy, binding, kind: kind.clone(), param }));
                }
                Err(why) => {
                    all.extend(misconfigured(policy, Some(binding), format!("failed to configure binding: {why}")));
                }
            }
        }
    }
    all
}

fn misconfigured<'a>(policy: &'a Policy, binding: Option<&'a Binding>, why: String) -> Option<Invocation<'a>> {
    (!policy.ignores_failure).then_some(Invocation::Misconfigured { policy, binding, why })
}
