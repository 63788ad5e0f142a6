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
    kinds::KindDef,
    object::{GroupVersionKind, Reason, Status, gvk::split_api_version, meta, quote::go_quote, status::Result},
    schema::{self, Message},
    verbs::{Caller, DeleteOptions, Preconditions, Validation},
    wire::{self, MediaType},
};

/// The longest body that is read.
pub const BODY_MAX: usize = 3 * 1024 * 1024;

const DELETE_OPTIONS: &str = "apimachinery.pkg.apis.meta.v1.DeleteOptions";

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
pub fn delete_options(
    body: &[u8],
    headers: &HeaderMap,
    query: &Query,
    def: &KindDef,
    caller: Caller,
) -> Result<DeleteOptions> {
    if body.is_empty() {
        return query::delete_options(query, caller);
    }
    let value = decode_delete_options(body, negotiate::input(headers)?, def)?;
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

/// Clients write `DeleteOptions` in the version of `meta.k8s.io`, of the core group, or of the kind's own group.
fn decode_delete_options(body: &[u8], media: MediaType, def: &KindDef) -> Result<Value> {
    let message = schema::message(DELETE_OPTIONS).expect("the schema has DeleteOptions");
    if media == MediaType::Json {
        return decode_json(body, message);
    }
    let versions = [("meta.k8s.io", "v1"), ("", "v1"), (def.gvk.group, def.gvk.version)];
    let mut refusal = None;
    for (group, version) in versions {
        let gvk = GroupVersionKind::new(group, version, "DeleteOptions");
        match wire::decode_object(body, media, message, &gvk, Validation::Ignore) {
            Ok(decoded) => return Ok(decoded.value),
            Err(status) => refusal = refusal.or(Some(status)),
        }
    }
    Err(refusal.expect("every version was tried and refused"))
}

fn decode_json(body: &[u8], message: &'static Message) -> Result<Value> {
    let (api_version, kind) = wire::body::stated_kind(body).map_err(Status::bad_request)?;
    if !matches!(kind.as_str(), "" | "DeleteOptions") {
        let version = match split_api_version(&api_version) {
            ("", "") => "meta.k8s.io/v1",
            _ => &api_version,
        };
        return Err(Status::bad_request(format!(
            "no kind {} is registered for version {} in scheme \"pkg/apis/meta/internalversion/scheme/register.go:27\"",
            go_quote(&kind),
            go_quote(version)
        )));
    }
    let decoded = wire::decode(body, message).map_err(|error| Status::bad_request(error.to_string()))?;
    Ok(decoded.value)
}
