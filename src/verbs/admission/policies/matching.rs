//! Whether a policy and a binding are for a request.

use super::policy::{Binding, Matches, NamedRule, Policy};
use crate::{
    kinds::Kind,
    object::status::Result,
    verbs::{
        Api,
        admission::{
            Review,
            rules::{self, Rule},
            selectors,
        },
    },
};

/// The kind as which the policy sees the object; `None` if it is not for the request.
pub(super) fn of_policy(api: &Api, policy: &Policy, review: &Review<'_>) -> Result<Option<Kind>> {
    matched(api, &policy.matches, review)
}

/// Whether the binding is for the request. One that names no resources is for all of its policy's.
pub(super) fn of_binding(api: &Api, binding: &Binding, review: &Review<'_>) -> Result<bool> {
    let Some(matches) = &binding.matches else { return Ok(true) };
    Ok(matched(api, matches, review)?.is_some())
}

fn matched(api: &Api, matches: &Matches, review: &Review<'_>) -> Result<Option<Kind>> {
    let kinds = api.registry().kinds();
    let find = |rules: &[NamedRule]| {
        let rules = named(rules, review.name());
        rules::matched(&rules, matches.equivalent, &review.attributes, &kinds)
    };
    if find(&matches.excluded).is_some() {
        return Ok(None);
    }
    let kind = if matches.rules.is_empty() {
        review.attributes.target.def.clone()
    } else {
        let Some(kind) = find(&matches.rules) else { return Ok(None) };
        kind
    };
    let selected =
        selectors::object(&matches.objects, review) && selectors::namespace(api, &matches.namespaces, review)?;
    Ok(selected.then_some(kind))
}

/// The rules that are for objects of this name.
fn named(rules: &[NamedRule], name: &str) -> Vec<Rule> {
    let is_for = |rule: &&NamedRule| rule.names.is_empty() || rule.names.iter().any(|own| own == name);
    rules.iter().filter(is_for).map(|rule| rule.rule.clone()).collect()
}
