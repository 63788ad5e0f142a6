//! The row of a request.

use serde_json::Value;

use crate::kinds::{
    Moment,
    model::strategy::{age, human_duration},
};
use crate::object::meta;

/// The cells.
pub fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let spec = |member: &str| meta::text(object, &["spec", member]);
    let seconds = meta::at(object, &["spec", "expirationSeconds"]).and_then(Value::as_i64);
    let signer = Some(spec("signerName")).filter(|signer| !signer.is_empty()).unwrap_or("<none>");
    vec![
        meta::name(object).into(),
        age(object, now).into(),
        signer.into(),
        spec("username").into(),
        seconds.map_or_else(|| "<none>".to_owned(), human_duration).into(),
        condition(object).into(),
    ]
}

fn condition(object: &Value) -> String {
    let conditions = meta::items(object, &["status", "conditions"]);
    let has = |kind: &str| conditions.iter().any(|condition| meta::text(condition, &["type"]) == kind);
    let mut parts = vec![if has("Denied") {
        "Denied"
    } else if has("Approved") {
        "Approved"
    } else {
        "Pending"
    }];
    if has("Failed") {
        parts.push("Failed");
    }
    if !meta::text(object, &["status", "certificate"]).is_empty() {
        parts.push("Issued");
    }
    parts.join(",")
}
