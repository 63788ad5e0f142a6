//! Request bodies: their limit, and what is read from them.

use axum::{body::Body, http::HeaderMap};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;

use super::{
    negotiate,
    query::{self, Query},
};
use crate::{
    object::{Reason, Status, meta, status::Result},
    verbs::{Caller, DeleteOptions, Preconditions},
    wire,
};

/// The longest body that is read.
pub const BODY_MAX: usize = 3 * 1024 * 1024;

/// Reads a whole body.
pub async fn read(body: Body) -> Result<Bytes> {
    match Limited::new(body, BODY_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let text = format!("Request entity too large: limit is {BODY_MAX}");
            Err(Status::new(Reason::RequestEntityTooLarge, text))
        }
        Err(error) => Err(Status::bad_request(error.to_string())),
    }
}

/// Options of a delete: those of the body, or, if there is none, those of the query.
pub fn delete_options(body: &[u8], headers: &HeaderMap, query: &Query, caller: Caller) -> Result<DeleteOptions> {
    if body.is_empty() {
        return query::delete_options(query, caller);
    }
    let value = wire::decode_delete_options(body, negotiate::input(headers)?)?;
    let text = |path: &[&str]| meta::at(&value, path).and_then(Value::as_str).map(str::to_owned);
    let dry_run: Vec<_> = meta::items(&value, &["dryRun"]).iter().filter_map(Value::as_str).collect();
    query::check_delete_dry_run(&dry_run)?;
    Ok(DeleteOptions {
        caller,
        dry_run: !dry_run.is_empty(),
        grace_period_seconds: value["gracePeriodSeconds"].as_i64(),
        propagation_policy: text(&["propagationPolicy"]),
        orphan_dependents: value["orphanDependents"].as_bool(),
        preconditions: Preconditions {
            uid: text(&["preconditions", "uid"]),
            resource_version: text(&["preconditions", "resourceVersion"]),
        },
    })
}
