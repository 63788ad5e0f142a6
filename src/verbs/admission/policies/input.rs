//! What the expressions of policies see of a request.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::authorizer::RequestAuthorizer;
use crate::{
    cel::{
        Value as Cel,
        library::authorizer::{self, Resource},
    },
    kinds::{Kind, core::namespace},
    object::{GroupVersionKind, status::Result},
    verbs::{
        Api, Target,
        admission::{Review, webhooks::request::Shape},
        read::stored,
    },
};

/// A request as a policy sees it.
pub(super) struct Input {
    pub(super) object: Value,
    pub(super) old: Value,
    pub(super) request: Value,
    pub(super) namespace: Value,
    authorizer: Arc<RequestAuthorizer>,
    resource: Resource,
}

impl Input {
    /// A request as one for this kind.
    pub(super) fn of(api: &Api, review: &Review<'_>, kind: &Kind) -> Result<Self> {
        let attributes = &review.attributes;
        let own = &attributes.target.def;
        let shape = Shape::of(attributes, kind)?;
        let shown = |object: Option<&Value>| object.map_or(Value::Null, |object| shape.shown(own, object));
        let sub = attributes.sub.map_or("", |sub| &sub.name);
        Ok(Self {
            object: shown(review.object.as_deref()),
            old: shown(review.old),
            request: request(review, kind, &shape),
            namespace: namespace_of(api, review),
            authorizer: Arc::new(RequestAuthorizer { api: api.clone(), user: Arc::clone(&attributes.caller.user) }),
            resource: Resource {
                group: own.gvk.group.to_string(),
                resource: own.plural.to_string(),
                subresource: sub.to_owned(),
                namespace: attributes.target.namespace.clone().unwrap_or_default(),
                name: review.name().to_owned(),
                ..Resource::default()
            },
        })
    }

    pub(super) fn authorizer<'a>(&self) -> Cel<'a> {
        authorizer::variable(self.authorizer.clone())
    }

    pub(super) fn request_resource<'a>(&self) -> Cel<'a> {
        authorizer::resource_variable(self.authorizer.clone(), self.resource.clone())
    }
}

fn request(review: &Review<'_>, kind: &Kind, shape: &Shape<'_>) -> Value {
    let attributes = &review.attributes;
    let own = &attributes.target.def;
    let own_gvk = if shape.kind.is_some() { &own.gvk } else { shape.gvk };
    let mut request = Map::new();
    let mut set = |name: &str, value: Value| drop(request.insert(name.into(), value));
    set("kind", kind_value(shape.gvk));
    set("resource", resource(kind));
    set("requestKind", kind_value(own_gvk));
    set("requestResource", resource(own));
    if let Some(sub) = attributes.sub {
        set("subResource", (&*sub.name).into());
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
    set("options", attributes.options.to_value(attributes.operation));
    request.into()
}

/// The request's namespace, unless it has none or is one.
fn namespace_of(api: &Api, review: &Review<'_>) -> Value {
    let Target { def, namespace: Some(name), .. } = review.attributes.target else { return Value::Null };
    if !def.is_namespaced() {
        return Value::Null;
    }
    let key = Target::new(&namespace::DEF, "", name).key();
    api.0.store.get(&key).map_or(Value::Null, |found| stored::parse(found.bytes()))
}

fn kind_value(gvk: &GroupVersionKind) -> Value {
    json!({"group": gvk.group, "version": gvk.version, "kind": gvk.kind})
}

fn resource(kind: &Kind) -> Value {
    json!({"group": kind.gvk.group, "version": kind.gvk.version, "resource": kind.plural})
}
