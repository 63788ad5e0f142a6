//! `AdmissionReview` as webhooks get it.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::configurations::Webhook;
use crate::{
    kinds::Kind,
    verbs::admission::{
        Review,
        request::{Shape, facts},
    },
    webhook::Review as Form,
    wire,
};

/// The body of a call.
pub(super) fn body(
    hook: &Webhook,
    form: &Form,
    shape: &Shape<'_>,
    kind: &Kind,
    review: &Review<'_>,
    uid: &str,
) -> Bytes {
    let own = &review.attributes.target.def;
    let shown = |object: Option<&Value>| object.map_or(Value::Null, |object| shape.shown(own, object));
    let mut request = Map::new();
    request.insert("uid".into(), uid.into());
    request.extend(facts(shape, kind, review));
    request.insert("object".into(), shown(review.object.as_deref()));
    request.insert("oldObject".into(), shown(review.old));
    let whole = json!({"kind": form.kind, "apiVersion": form.api_version(hook.version), "request": request});
    wire::to_json(&whole).into()
}
