//! A request as webhooks and expressions see it.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Attributes, Review, authorizer::Sender};
use crate::{
    cel::{
        self,
        library::authorizer::{self, Resource},
    },
    kinds::Kind,
    object::{GroupVersionKind, Status, status::Result},
    schema::ObjectRef,
    verbs::{Api, read::stored},
    wire,
};

/// What expressions look at.
pub(super) struct Input {
    /// As the webhook or the policy sees it; null if there is none.
    pub(super) object: Value,
    /// As the object.
    pub(super) old: Value,
    /// The request without its objects.
    pub(super) request: Value,
    sender: Arc<Sender>,
    resource: Resource,
}

impl Input {
    /// A request as one for this kind.
    pub(super) fn of(api: &Api, review: &Review<'_>, kind: &Kind) -> Result<Self> {
        let attributes = &review.attributes;
        let own = &attributes.target.def;
        let shape = Shape::of(attributes, kind)?;
        let shown = |object: Option<&Value>| object.map_or(Value::Null, |object| shape.shown(own, object));
        Ok(Self {
            object: shown(review.object.as_deref()),
            old: shown(review.old),
            request: facts(&shape, kind, review).into(),
            sender: Arc::new(Sender { api: api.clone(), user: Arc::clone(&attributes.caller.user) }),
            resource: Resource {
                group: own.gvk.group.to_string(),
                resource: own.plural.to_string(),
                subresource: attributes.sub.map(|sub| sub.name.to_string()).unwrap_or_default(),
                namespace: review.namespace().to_owned(),
                name: review.name().to_owned(),
                ..Resource::default()
            },
        })
    }

    /// The variable `authorizer`.
    pub(super) fn authorizer<'a>(&self) -> cel::Value<'a> {
        authorizer::variable(self.sender.clone())
    }

    /// The variable `authorizer.requestResource`.
    pub(super) fn request_resource<'a>(&self) -> cel::Value<'a> {
        authorizer::resource_variable(self.sender.clone(), self.resource.clone())
    }
}

/// What objects of a request are: the type that a webhook or a policy sees.
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

    /// An object of the request as they see it. One that would have to wait for its conversion stays as it is.
    pub(super) fn shown(&self, own: &Kind, object: &Value) -> Value {
        match self.kind {
            Some(kind) if kind != own => self.complete(stored::at_once(own, kind, object.clone())),
            _ => self.complete(object.clone()),
        }
    }

    /// An object of the request as they see it, after its conversion, which may be another webhook's work.
    pub(super) async fn seen(&self, own: &Kind, object: &Value) -> Result<Value> {
        match self.kind {
            Some(kind) if kind != own => {
                let converted = stored::converted(own, kind, object.clone()).await;
                Ok(self.complete(converted.map_err(|status| Status::internal(&status.message))?))
            }
            _ => Ok(self.complete(object.clone())),
        }
    }

    /// An object of this type as they see it.
    pub(super) fn complete(&self, object: Value) -> Value {
        let mut out = Map::new();
        out.insert("kind".into(), (&*self.gvk.kind).into());
        out.insert("apiVersion".into(), self.gvk.api_version().into());
        if let Value::Object(members) = wire::normalise(object, &self.schema) {
            out.extend(members.into_iter().filter(|(name, _)| name != "kind" && name != "apiVersion"));
        }
        out.into()
    }
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
