//! What a mutating webhook does to the object: its patch is applied, and the result is read as a body is.

use serde_json::Value;

use super::{
    call::{CallError, Response},
    configurations::Webhook,
};
use crate::{
    kinds::Kind,
    merge,
    object::{Status, meta},
    text::{go_quote, json_type},
    verbs::admission::{Review, patched, request::Shape},
    wire,
};

/// Applies the patch in a response, and tells whether the object is another one now.
pub(super) async fn apply(
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
    let before = shape.seen(own, object).await.map_err(CallError::Broken)?;
    let mut patched = before.clone();
    merge::apply_json_patch(&mut patched, &operations).map_err(broken)?;
    let patched = patched::read(&shape, patched).map_err(|why| broken(why.text()))?.object;
    let changed = is_fresh || shape.complete(patched.clone()) != before;
    *object = patched::convert(&shape, &attributes, patched).await.map_err(CallError::Broken)?;
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

/// Whether this write has just set a time in `managedFields`. A Go server keeps it to the nanosecond until the object is
/// written as JSON for the first time, so that the first patch changes the object whatever it does.
fn has_fresh_times(review: &Review<'_>) -> bool {
    let entries = |object: Option<&Value>| object.map(|o| meta::items(o, &["metadata", "managedFields"]).to_vec());
    let old = entries(review.old).unwrap_or_default();
    entries(review.object.as_deref()).unwrap_or_default().iter().any(|entry| !old.contains(entry))
}
