//! Whether a webhook is called about a request, and in which form it sees the object.

use super::configurations::Webhook;
use crate::{
    kinds::Kind,
    object::status::Result,
    verbs::{
        Api,
        admission::{
            Review,
            conditions::{self, Matched},
            request::Input,
            rules, selectors,
        },
    },
};

/// The kind as which the webhook sees the object; `None` if it is not called.
pub(super) fn invocation(api: &Api, hook: &Webhook, review: &Review<'_>) -> Result<Option<Kind>> {
    let kinds = api.registry().kinds();
    let Some(kind) = rules::matched(&hook.rules, hook.equivalent, &review.attributes, &kinds) else {
        return Ok(None);
    };
    // What the object says comes first: a namespace that is missing is an error.
    let selected = selectors::object(&hook.objects, review) && selectors::namespace(api, &hook.namespaces, review)?;
    if !selected || hook.conditions.is_empty() {
        return Ok(selected.then_some(kind));
    }
    match conditions::evaluate(&hook.conditions, &Input::of(api, review, &kind)?) {
        Matched::Yes => Ok(Some(kind)),
        Matched::No => Ok(None),
        Matched::Unknown(_) if hook.ignores_failure => Ok(None),
        Matched::Unknown(why) => Err(conditions::refusal(review, &why)),
    }
}
