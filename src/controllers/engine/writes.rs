//! Writes as controllers make them: in one name, and calm when the object or its namespace is on its way out.

use serde_json::Value;

use crate::{
    kinds::{Kind, Subresource},
    object::{Reason, Status, meta, status::Result},
    verbs::{Api, Caller, DecodedObject, DeleteOptions, Target, WriteOptions},
};

/// The program that runs the controllers of a real cluster, and owns the fields they write.
pub const MANAGER: &str = "kube-controller-manager";

/// Creates an object. Nothing happens if its namespace ends or is gone; `None` then.
pub async fn create(api: &Api, def: &Kind, object: Value) -> Result<Option<Value>> {
    let target = Target::new(def, meta::namespace(&object), "");
    match api.create(&target, DecodedObject::from(object), &WriteOptions::internal(MANAGER)).await {
        Ok(written) => Ok(Some(written.answer.into_value(def))),
        Err(status) if is_refused_by_namespace(&status) => Ok(None),
        Err(status) => Err(status),
    }
}

/// Replaces an object, or the given part of it. One that is gone needs no update; `None` then.
pub async fn update(api: &Api, def: &Kind, part: Option<&Subresource>, object: Value) -> Result<Option<Value>> {
    let target = Target::new(def, meta::namespace(&object), meta::name(&object));
    let written = api.update(&target, part, DecodedObject::from(object), &WriteOptions::internal(MANAGER)).await;
    Ok(unless_gone(written)?.map(|written| written.answer.into_value(def)))
}

/// Deletes exactly this object; another of the same name stays. `propagation` may be empty.
pub async fn delete(api: &Api, def: &Kind, object: &Value, propagation: &str) -> Result<()> {
    let mut options = DeleteOptions::new(Caller::internal(MANAGER));
    options.preconditions.uid = Some(meta::uid(object).to_owned());
    options.propagation_policy = (!propagation.is_empty()).then(|| propagation.to_owned());
    let target = Target::new(def, meta::namespace(object), meta::name(object));
    unless_gone(api.delete(&target, &options).await)?;
    Ok(())
}

/// The outcome of a write; `None` if its object is gone, which is no failure.
pub fn unless_gone<T>(outcome: Result<T>) -> Result<Option<T>> {
    match outcome {
        Ok(written) => Ok(Some(written)),
        Err(status) if status.reason == Reason::NotFound => Ok(None),
        Err(status) => Err(status),
    }
}

fn is_refused_by_namespace(status: &Status) -> bool {
    let Some(details) = &status.details else { return false };
    let missing = status.reason == Reason::NotFound && details.kind == "namespaces";
    let ending = details.causes.iter().any(|cause| cause.reason == "NamespaceTerminating");
    missing || ending
}
