//! `AdmissionReview` as webhooks get it.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::configurations::Webhook;
use crate::{
    kinds::Kind,
    object::status::Result,
    verbs::admission::{
        Review,
        request::{Shape, facts},
    },
    webhook::Review as Form,
    wire,
};

/// The body of a call.
pub(super) async fn body(
    hook: &Webhook,
    form: &Form,
    shape: &Shape<'_>,
    kind: &Kind,
    review: &Review<'_>,
    uid: &str,
) -> Result<Bytes> {
    let own = &review.attributes.target.def;
    let shown = async |object: Option<&Value>| match object {
        Some(object) => shape.seen(own, object).await,
        None => Ok(Value::Null),
    };
    let mut request = Map::new();
    request.insert("uid".into(), uid.into());
    request.extend(facts(shape, kind, review));
    request.insert("object".into(), shown(review.object.as_deref()).await?);
    request.insert("oldObject".into(), shown(review.old).await?);
    let whole = json!({"kind": form.kind, "apiVersion": form.api_version(hook.version), "request": request});
    Ok(wire::to_json(&whole).into())
}
