//! The two forms of an object: JSON with `kind` and `apiVersion`, and the bytes the store keeps.
//!
//! Stored bytes leave out `kind` and `apiVersion`, so a list copies them as they are, and have a hole for the
//! resourceVersion, which only the store's writer knows.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::{
    kinds::{Kind, KindDef},
    object::{Facts, Status, meta, status::Result},
    store::{Body, Stored},
    wire,
};

/// Members of metadata that come before `resourceVersion` on the wire.
const BEFORE_RESOURCE_VERSION: [&str; 5] = ["name", "generateName", "namespace", "selfLink", "uid"];

/// Whether a kind's stored bytes can be sent as they are.
pub fn splices(def: &KindDef) -> bool {
    def.is_stored()
}

/// A stored object as a client of this kind sees it: complete, with `kind` and `apiVersion`.
pub fn view(def: &KindDef, stored: &Stored) -> Value {
    view_bytes(def, stored.bytes())
}

/// As [`view`], from bytes whose revision may differ from the stored one.
pub fn view_bytes(def: &KindDef, bytes: &[u8]) -> Value {
    let object = parse(bytes);
    with_type(def, def.from_stored(object))
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

/// An object in stored form as a client of the kind sees it.
pub fn shown(def: &KindDef, object: Value) -> Value {
    with_type(def, def.from_stored(object))
}

/// The object without `kind` and `apiVersion`, as it comes from the store.
pub fn without_type(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.shift_remove("kind");
        members.shift_remove("apiVersion");
    }
    object
}

/// An object as the store keeps it. Its `resourceVersion`, if any, is left out in favour of the hole.
pub fn body(base: &Kind, object: &Value) -> Body {
    let mut out = Vec::with_capacity(1024);
    out.extend_from_slice(br#"{"metadata":{"#);
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
    Body { bytes: Bytes::from(out), at: hole, facts: Some(Arc::new(derive(base, object))) }
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

/// Stored bytes as JSON, without `kind` and `apiVersion`.
pub fn parse(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("the store holds the JSON that was put into it")
}

fn derive(base: &Kind, object: &Value) -> Facts {
    Facts::of(object, base.id(), base.fields.iter().map(|field| (field.value)(object)).collect())
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
