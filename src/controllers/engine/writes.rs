//! Writes as controllers make them: under their own name, and without failing when the object is gone or its namespace is
//! being terminated.

use std::{cell::Cell, future::Future};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    kinds::{Kind, Subresource},
    object::{Reason, Revision, Status, meta, status::Result},
    verbs::{Answer, Api, Caller, DecodedObject, DeleteOptions, Patch, PatchKind, Target, WriteOptions, Written},
};

/// The program that runs the controllers of a real cluster, and owns the fields they write.
pub const MANAGER: &str = "kube-controller-manager";
/// The API server itself, which writes what every cluster starts with.
pub const APISERVER: &str = "kube-apiserver";

tokio::task_local! {
    /// How many changes the present reconcile has made.
    static CHANGES: Cell<u64>;
}

/// Does the work, and counts the changes that it makes.
pub async fn counted<T>(work: impl Future<Output = T>) -> (T, u64) {
    CHANGES.scope(Cell::new(0), async { (work.await, CHANGES.with(Cell::get)) }).await
}

/// Creates an object. Nothing happens if its namespace is being terminated or gone; `None` then.
pub async fn create(api: &Api, kind: &Kind, object: Value) -> Result<Option<Value>> {
    create_as(api, MANAGER, kind, object).await
}

/// As [`create`], under another name than the controller manager's.
pub async fn create_as(api: &Api, manager: &str, kind: &Kind, object: Value) -> Result<Option<Value>> {
    let target = Target::new(kind, meta::namespace(&object), "");
    let before = api.revision();
    match api.create(&target, DecodedObject::from(object), &WriteOptions::internal(manager)).await {
        Ok(written) => Ok(Some(count(written, before).into_value(kind))),
        Err(status) if is_refused_by_namespace(&status) => Ok(None),
        Err(status) => Err(status),
    }
}

/// Creates an object unless it is there; returns it if it is new.
pub async fn ensure(api: &Api, manager: &str, kind: &Kind, object: Value) -> Result<Option<Value>> {
    // Creating first and looking at the error would not do: an address is taken before a name is found to be.
    match api.get(&Target::new(kind, meta::namespace(&object), meta::name(&object)), None, "").await {
        Ok(_) => return Ok(None),
        Err(status) if status.reason == Reason::NotFound => {}
        Err(status) => return Err(status),
    }
    match create_as(api, manager, kind, object).await {
        // Somebody else was first.
        Err(status) if status.reason == Reason::AlreadyExists => Ok(None),
        outcome => outcome,
    }
}

/// Replaces an object, or the given part of it. One that is gone needs no update; `None` then.
pub async fn update(api: &Api, kind: &Kind, part: Option<&Subresource>, object: Value) -> Result<Option<Value>> {
    update_as(api, MANAGER, kind, part, object).await
}

/// As [`update`], under another name than the controller manager's.
pub async fn update_as(
    api: &Api,
    manager: &str,
    kind: &Kind,
    part: Option<&Subresource>,
    object: Value,
) -> Result<Option<Value>> {
    let target = Target::new(kind, meta::namespace(&object), meta::name(&object));
    let before = api.revision();
    let written = api.update(&target, part, DecodedObject::from(object), &WriteOptions::internal(manager)).await;
    Ok(unless_gone(written)?.map(|written| count(written, before).into_value(kind)))
}

/// Merges changes into an object or, if `part` is not empty, into a subresource. One that is gone needs none; `None` then.
pub async fn merge(
    api: &Api,
    manager: &str,
    kind: &Kind,
    object: &Value,
    part: &str,
    changes: &Value,
) -> Result<Option<Value>> {
    let target = Target::new(kind, meta::namespace(object), meta::name(object));
    let patch = Patch { kind: PatchKind::Merge, body: Bytes::from(changes.to_string()) };
    self::patch(api, &target, part, patch, &WriteOptions::internal(manager)).await
}

/// Patches an object or, if `part` is not empty, a subresource. One that is gone needs no patch; `None` then.
pub async fn patch(
    api: &Api,
    target: &Target,
    part: &str,
    patch: Patch,
    options: &WriteOptions,
) -> Result<Option<Value>> {
    let before = api.revision();
    let written = api.patch(target, target.def.subresource(part), patch, options).await;
    Ok(unless_gone(written)?.map(|written| count(written, before).into_value(&target.def)))
}

/// Deletes exactly this object; another of the same name stays. `propagation` may be empty.
pub async fn delete(api: &Api, kind: &Kind, object: &Value, propagation: &str) -> Result<()> {
    let mut options = DeleteOptions::new(Caller::internal(MANAGER));
    options.preconditions.uid = Some(meta::uid(object).to_owned());
    options.propagation_policy = (!propagation.is_empty()).then(|| propagation.to_owned());
    let target = Target::new(kind, meta::namespace(object), meta::name(object));
    delete_with(api, &target, &options).await?;
    Ok(())
}

/// Deletes an object; returns whether it was there and met the preconditions.
pub async fn delete_with(api: &Api, target: &Target, options: &DeleteOptions) -> Result<bool> {
    match api.delete(target, options).await {
        Ok(_) => {
            add_change();
            Ok(true)
        }
        Err(status) if status.reason == Reason::NotFound => Ok(false),
        // Another object has the name by now, or the object was written again.
        Err(status) if status.reason == Reason::Conflict => Ok(false),
        Err(status) => Err(status),
    }
}

/// Adds a finalizer to the object that was read, or removes it; returns the object then, `None` if it is gone. A conflict
/// is an error.
pub async fn set_finalizer(
    api: &Api,
    manager: &str,
    kind: &Kind,
    object: &Value,
    finalizer: &str,
    wanted: bool,
) -> Result<Option<Value>> {
    let mut finalizers = meta::finalizers(object);
    if finalizers.contains(&finalizer) == wanted {
        return Ok(Some(object.clone()));
    }
    if wanted {
        finalizers.push(finalizer);
    } else {
        finalizers.retain(|other| *other != finalizer);
    }
    let finalizers = if finalizers.is_empty() { Value::Null } else { json!(finalizers) };
    let version = meta::resource_version(object);
    let changes = json!({"metadata": {"resourceVersion": version, "uid": meta::uid(object), "finalizers": finalizers}});
    merge(api, manager, kind, object, "", &changes).await
}

/// The outcome of a write; `None` if its object is gone, which is no failure.
pub fn unless_gone<T>(outcome: Result<T>) -> Result<Option<T>> {
    match outcome {
        Ok(written) => Ok(Some(written)),
        Err(status) if status.reason == Reason::NotFound => Ok(None),
        Err(status) => Err(status),
    }
}

/// Counts a write unless it changed nothing.
fn count(written: Written, before: Revision) -> Answer {
    match &written.answer {
        Answer::Stored(stored) if stored.revision() <= before => {}
        _ => add_change(),
    }
    written.answer
}

/// Counts a change that the present reconcile has made by other means than these.
pub fn add_change() {
    // Writes at the start of the server belong to no reconcile.
    let _ = CHANGES.try_with(|changes| changes.set(changes.get() + 1));
}

fn is_refused_by_namespace(status: &Status) -> bool {
    let Some(details) = &status.details else { return false };
    let missing = status.reason == Reason::NotFound && details.kind == "namespaces";
    let terminating = details.causes.iter().any(|cause| cause.reason == "NamespaceTerminating");
    missing || terminating
}
