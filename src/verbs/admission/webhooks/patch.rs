//! What a mutating webhook does to the object: its patch is applied, and the result is read as a body is.

use serde_json::Value;

use super::{
    call::{CallError, Response},
    configurations::Webhook,
};
use crate::{
    kinds::{Behaviour, Kind},
    merge,
    object::{Status, meta},
    schema::{self, internal_package},
    text::{go_quote, json_type},
    verbs::{
        admission::{Review, request::Shape},
        read::stored,
    },
    wire,
};

/// Applies the patch in a response, and tells whether the object is another one now.
pub(super) fn apply(
    hook: &Webhook,
    kind: &Kind,
    review: &mut Review<'_>,
    response: &Response,
) -> Result<bool, CallError> {
    if response.patch.is_empty() {
        return Ok(false);
    }
    let undecodable = |why: String| CallError::Failed(format!("received undecodable patch in webhook response: {why}"));
    let operations = operations(&response.patch).map_err(undecodable)?;
    if operations.is_empty() {
        return Ok(false);
    }
    let broken = |why: String| CallError::Broken(Status::internal(why));
    let attributes = review.attributes;
    let is_fresh = !review.reinvocation.is_patched() && has_fresh_times(review);
    let Some(object) = review.object.as_deref_mut() else {
        let name = go_quote(&hook.name);
        return Err(broken(format!(
            "admission webhook {name} attempted to modify the object, which is not supported for this operation"
        )));
    };
    if response.patch_type != "JSONPatch" {
        return Err(CallError::Failed(format!("unsupported patch type {}", go_quote(&response.patch_type))));
    }
    let own = &attributes.target.def;
    let shape = Shape::of(&attributes, kind).map_err(CallError::Broken)?;
    let before = shape.shown(own, object);
    let mut patched = before.clone();
    merge::apply_json_patch(&mut patched, &operations).map_err(broken)?;
    let mut patched = decode(&shape, patched).map_err(broken)?;
    let changed = is_fresh || shape.shown(own, &patched) != before;
    match (shape.kind, attributes.sub.map(|sub| &sub.behaviour)) {
        (Some(kind), _) => kind.strategy.default(&mut patched),
        (None, Some(Behaviour::Issue(request))) => request.default(&mut patched),
        _ => {}
    }
    if let Some(kind) = shape.kind.filter(|kind| *kind != own) {
        patched = stored::at_once(kind, own, patched);
    }
    let whole = if shape.kind.is_some() { stored::with_type(own, patched) } else { patched };
    *object = whole;
    review.reinvocation.patched();
    Ok(changed)
}

/// The operations of a patch.
fn operations(patch: &[u8]) -> Result<Vec<Value>, String> {
    let go = |value: &Value, of: &str| {
        let found = json_type(value);
        format!("json: cannot unmarshal {found} into Go value of type jsonpatch.{of}")
    };
    match wire::json::parse(patch)?.into_value() {
        Value::Null => Ok(Vec::new()),
        Value::Array(operations) => match operations.iter().find(|operation| !operation.is_object()) {
            Some(other) if !other.is_null() => Err(go(other, "Operation")),
            _ => Ok(operations),
        },
        other => Err(go(&other, "Patch")),
    }
}

/// Reads a patched object as one of its kind; unknown fields go. The error is the one of a Go decoder.
fn decode(shape: &Shape<'_>, patched: Value) -> Result<Value, String> {
    let text = |member: &str, default: String| match meta::text(&patched, &[member]) {
        "" => default,
        given => given.to_owned(),
    };
    let own_version = shape.gvk.api_version();
    let (kind, version) = (text("kind", shape.gvk.kind.to_string()), text("apiVersion", own_version.clone()));
    if kind == shape.gvk.kind && version == own_version {
        let decoded = wire::recheck(patched, &shape.schema).map_err(|error| error.0)?;
        let mut whole = serde_json::Map::new();
        whole.insert("kind".into(), kind.into());
        whole.insert("apiVersion".into(), version.into());
        if let Value::Object(members) = decoded.value {
            whole.extend(members);
        }
        return Ok(whole.into());
    }
    let Some(other) = schema::by_gvk(&version, &kind) else {
        return Err(wire::body::check_kind(&patched, shape.gvk).err().unwrap_or_default());
    };
    wire::recheck(patched, other).map_err(|error| error.0)?;
    let found = version.rsplit('/').next().unwrap_or_default();
    let (package, own) = (internal_package(&shape.gvk.group), &shape.gvk.kind);
    Err(format!("converting ({found}.{kind}) to ({package}.{own}): unknown conversion"))
}

/// Whether this write has just set a time in `managedFields`. A Go server keeps it to the nanosecond until the object is
/// written as JSON for the first time, so that the first patch changes the object whatever it does.
fn has_fresh_times(review: &Review<'_>) -> bool {
    let entries = |object: Option<&Value>| object.map(|o| meta::items(o, &["metadata", "managedFields"]).to_vec());
    let old = entries(review.old).unwrap_or_default();
    entries(review.object.as_deref()).unwrap_or_default().iter().any(|entry| !old.contains(entry))
}
