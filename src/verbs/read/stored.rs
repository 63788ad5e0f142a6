//! The two forms of an object: JSON with `kind` and `apiVersion`, and the bytes the store keeps.
//!
//! Stored bytes leave out `kind` and `apiVersion` where lists do so, for a list copies them as they are, and have a hole
//! for the resourceVersion, which only the store's writer knows.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use serde_json::{Map, Value};

use crate::{
    kinds::{Kind, KindDef},
    object::{Facts, Status, meta, status::Result},
    store::{Body, Stored, TRANSACTION_BYTES_MAX},
    verbs::Api,
    wire,
};

/// Members of metadata that come before `resourceVersion` on the wire.
const BEFORE_RESOURCE_VERSION: [&str; 5] = ["name", "generateName", "namespace", "selfLink", "uid"];

/// An object in its kind's form, complete with `kind` and `apiVersion`.
pub fn view(def: &KindDef, stored: &Stored) -> Value {
    with_type(def, parse(stored.bytes()))
}

impl Api {
    /// A stored object in this kind's form. It is made once for each kind, also if it takes long and many ask for it.
    pub(in crate::verbs) async fn seen(&self, def: &Kind, stored: &Arc<Stored>) -> Result<Arc<Stored>> {
        let Some(conversion) = def.conversion.as_ref().filter(|_| !is_settled(def, stored)) else {
            return Ok(Arc::clone(stored));
        };
        let cell = stored.form(def.id());
        let convert = async || {
            let object = conversion.to_seen(parse(stored.bytes())).await?;
            Ok(Arc::new(Stored::new(&body(def, &object), stored.revision())))
        };
        cell.get_or_try_init(convert).await.cloned()
    }
}

/// An object of one version in the form of another.
pub async fn converted(from: &Kind, to: &Kind, object: Value) -> Result<Value> {
    let stored = match &from.conversion {
        Some(conversion) => conversion.to_stored(object).await?,
        None => object,
    };
    match &to.conversion {
        Some(conversion) => conversion.to_seen(stored).await,
        None => Ok(stored),
    }
}

/// As [`converted`], but an object that would have to wait for its conversion stays as it is.
pub fn at_once(from: &Kind, to: &Kind, object: Value) -> Value {
    converted(from, to, object.clone()).now_or_never().and_then(Result::ok).unwrap_or(object)
}

/// Whether a stored object has the kind's form as it is.
pub fn is_settled(def: &Kind, stored: &Stored) -> bool {
    if def.conversion.is_none() {
        return true;
    }
    let facts = facts(def.stored(), stored);
    facts.kind == def.id() && facts.is_settled
}

/// The object with `kind` and `apiVersion` of this kind in front.
pub fn with_type(def: &KindDef, object: Value) -> Value {
    let mut members = Map::new();
    members.insert("kind".into(), (&*def.gvk.kind).into());
    members.insert("apiVersion".into(), def.gvk.api_version().into());
    if let Value::Object(rest) = object {
        members.extend(rest.into_iter().filter(|(name, _)| name != "kind" && name != "apiVersion"));
    }
    Value::Object(members)
}

/// The object as it comes from the store: without `kind` and `apiVersion`, unless objects of the kind always state them.
pub fn without_type(def: &KindDef, mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut().filter(|_| !def.is_custom) {
        members.shift_remove("kind");
        members.shift_remove("apiVersion");
    }
    object
}

/// An object as the store keeps it. Its `resourceVersion`, if any, is left out in favour of the hole.
pub fn body(base: &Kind, object: &Value) -> Body {
    let mut out = Vec::with_capacity(1024);
    out.push(b'{');
    if base.is_custom {
        member(&mut out, "apiVersion", &base.gvk.api_version().into());
        member(&mut out, "kind", &(&*base.gvk.kind).into());
        out.push(b',');
    }
    out.extend_from_slice(br#""metadata":{"#);
    let mut hole = None;
    let metadata = meta::map(object, &["metadata"]);
    for (name, value) in metadata.into_iter().flatten().filter(|(name, _)| *name != "resourceVersion") {
        if hole.is_none() && !BEFORE_RESOURCE_VERSION.contains(&name.as_str()) {
            hole = Some(open_hole(&mut out));
        }
        member(&mut out, name, value);
    }
    let hole = hole.unwrap_or_else(|| open_hole(&mut out));
    out.push(b'}');
    for (name, value) in object.as_object().into_iter().flatten() {
        if !matches!(name.as_str(), "kind" | "apiVersion" | "metadata") {
            member(&mut out, name, value);
        }
    }
    out.push(b'}');
    let facts = Some(Arc::new(derive(base, object)));
    let body = Body { facts, ..Body::new(Bytes::from(out), hole) };
    // etcd's limit is about protobuf, which is only made where the longer JSON goes beyond it.
    if body.bytes.len() <= TRANSACTION_BYTES_MAX {
        return body;
    }
    let weight = wire::protobuf::encode(object, base.schema()).len();
    body.weighing(weight)
}

/// The form of an object that is stored and compared.
pub fn form(object: Value, base: &KindDef) -> Result<Value> {
    wire::stored_form(object, base.schema())
        .map_err(|error| Status::internal(format!("this {} cannot be stored: {error}", base.gvk.kind)))
}

/// The facts of a stored object, which are there since it was written; of one from the log they are derived now.
pub fn facts<'a>(base: &Kind, stored: &'a Stored) -> &'a Facts {
    stored.facts(|bytes| derive(base, &parse(bytes)))
}

/// Stored bytes as JSON.
pub fn parse(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("the store holds the JSON that was put into it")
}

fn derive(base: &Kind, object: &Value) -> Facts {
    let fields = base.fields.iter().map(|field| (field.value)(object)).collect();
    Facts::of(object, base.id(), fields, base.conversion.as_ref().is_none_or(|conversion| conversion.keeps(object)))
}

fn member(out: &mut Vec<u8>, name: &str, value: &Value) {
    comma(out);
    wire::push_json(out, name);
    out.push(b':');
    wire::push_json(out, value);
}

fn open_hole(out: &mut Vec<u8>) -> usize {
    comma(out);
    out.extend_from_slice(br#""resourceVersion":""#);
    let hole = out.len();
    out.push(b'"');
    hole
}

fn comma(out: &mut Vec<u8>) {
    if !out.ends_with(b"{") {
        out.push(b',');
    }
}
