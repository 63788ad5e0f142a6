//! Whether a webhook is called about a request, and in which form it sees the object.

use std::sync::Arc;

use serde_json::Value;

use super::{
    configurations::Webhook,
    request::{self, Shape},
};
use crate::{
    kinds::Kind,
    object::status::Result,
    verbs::{
        Api,
        admission::{
            Review,
            conditions::{self, Facts, Matched, Sender},
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
    match conditions::evaluate(&hook.conditions, &facts(api, &kind, review)?) {
        Matched::Yes => Ok(Some(kind)),
        Matched::No => Ok(None),
        Matched::Unknown(_) if hook.ignores_failure => Ok(None),
        Matched::Unknown(why) => Err(conditions::refusal(review, &why)),
    }
}

/// What the webhook's conditions look at.
fn facts(api: &Api, kind: &Kind, review: &Review<'_>) -> Result<Facts> {
    let attributes = &review.attributes;
    let shape = Shape::of(attributes, kind)?;
    let own = &attributes.target.def;
    let shown = |object: Option<&Value>| object.map_or(Value::Null, |object| shape.shown(own, object));
    Ok(Facts {
        object: shown(review.object.as_deref()),
        old: shown(review.old),
        request: request::facts(&shape, kind, review).into(),
        authorizer: Arc::new(Sender { api: api.clone(), user: Arc::clone(&attributes.caller.user) }),
    })
}
