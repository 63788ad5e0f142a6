//! `AdmissionReview` as webhooks get it.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::configurations::Webhook;
use crate::{
    kinds::Kind,
    object::{GroupVersionKind, status::Result},
    schema::ObjectRef,
    verbs::{
        admission::{Attributes, Review},
        read::stored,
    },
    webhook::Review as Form,
    wire,
};

/// What objects of a request are: the type that a webhook sees and sends back.
pub(super) struct Shape<'a> {
    pub(super) gvk: &'a GroupVersionKind,
    pub(super) schema: ObjectRef,
    /// The kind, unless the body is of another one, such as that of a subresource.
    pub(super) kind: Option<&'a Kind>,
}

impl<'a> Shape<'a> {
    /// Of a request as one for this kind.
    pub(super) fn of(attributes: &Attributes<'a>, kind: &'a Kind) -> Result<Self> {
        match attributes.sub {
            Some(sub) if sub.has_own_body() || sub.connects() => {
                Ok(Self { gvk: &sub.gvk, schema: sub.schema()?, kind: None })
            }
            _ => Ok(Self { gvk: &kind.gvk, schema: kind.schema.clone(), kind: Some(kind) }),
        }
    }

    /// An object of the request as the webhook sees it.
    pub(super) fn shown(&self, own: &Kind, object: &Value) -> Value {
        let object = match self.kind {
            Some(kind) if kind != own => stored::at_once(own, kind, object.clone()),
            _ => object.clone(),
        };
        let mut out = Map::new();
        out.insert("kind".into(), (&*self.gvk.kind).into());
        out.insert("apiVersion".into(), self.gvk.api_version().into());
        if let Value::Object(members) = wire::normalise(object, &self.schema) {
            out.extend(members.into_iter().filter(|(name, _)| name != "kind" && name != "apiVersion"));
        }
        out.into()
    }
}

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

/// The request without its id and its objects, as expressions see it too.
pub(super) fn facts(shape: &Shape<'_>, kind: &Kind, review: &Review<'_>) -> Map<String, Value> {
    let attributes = &review.attributes;
    let own = &attributes.target.def;
    let own_gvk = if shape.kind.is_some() { &own.gvk } else { shape.gvk };
    let mut request = Map::new();
    let mut set = |name: &str, value: Value| drop(request.insert(name.into(), value));
    set("kind", kind_value(shape.gvk));
    set("resource", resource(kind));
    if let Some(sub) = attributes.sub {
        set("subResource", (&*sub.name).into());
    }
    set("requestKind", kind_value(own_gvk));
    set("requestResource", resource(own));
    if let Some(sub) = attributes.sub {
        set("requestSubResource", (&*sub.name).into());
    }
    for (name, text) in [("name", review.name()), ("namespace", review.namespace())] {
        if !text.is_empty() {
            set(name, text.into());
        }
    }
    set("operation", attributes.operation.name().into());
    set("userInfo", attributes.caller.user.to_value());
    set("dryRun", attributes.dry_run.into());
    set("options", review.options());
    request
}

fn kind_value(gvk: &GroupVersionKind) -> Value {
    json!({"group": gvk.group, "version": gvk.version, "kind": gvk.kind})
}

fn resource(kind: &Kind) -> Value {
    json!({"group": kind.gvk.group, "version": kind.gvk.version, "resource": kind.plural})
}
