//! One call of one webhook, and what its response means.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::{configurations::Webhook, request::body};
use crate::{
    kinds::Kind,
    object::{
        Status, meta,
        status::{Cause, Details, Reason},
    },
    text::go_quote,
    verbs::{
        Api,
        admission::{Review, request::Shape},
    },
    webhook::{Deadline, Error, Form, Review as ReviewForm},
};

const REVIEW: ReviewForm = ReviewForm {
    group: "admission.k8s.io",
    kind: "AdmissionReview",
    response: "AdmissionResponse",
    members: &[
        ("uid", Form::Text("types.UID")),
        ("allowed", Form::Bool),
        ("status", Form::Object("v1.Status")),
        ("patch", Form::Bytes),
        ("patchType", Form::Text("v1.PatchType")),
        ("auditAnnotations", Form::TextMap),
        ("warnings", Form::Texts),
    ],
};

/// What an accepting response brings along.
pub(super) struct Response {
    pub(super) warnings: Vec<String>,
    /// The patch as it was sent, and its type.
    pub(super) patch: Vec<u8>,
    pub(super) patch_type: String,
}

/// Why a request does not go on.
pub(super) enum CallError {
    /// The call failed, which the webhook's failure policy may ignore.
    Failed(String),
    /// The webhook says no.
    Denied(Box<Status>),
    /// Something went wrong that no policy ignores.
    Broken(Box<Status>),
}

impl CallError {
    /// What the client sees.
    pub(super) fn into_status(self, hook: &Webhook) -> Box<Status> {
        match self {
            Self::Failed(why) => Status::internal(format!("failed calling webhook {}: {why}", go_quote(&hook.name))),
            Self::Denied(status) | Self::Broken(status) => status,
        }
    }
}

/// Asks a webhook about a request, as one for this kind.
pub(super) async fn ask(
    api: &Api,
    hook: &Webhook,
    kind: &Kind,
    review: &Review<'_>,
    mutating: bool,
) -> Result<Response, CallError> {
    let shape = Shape::of(&review.attributes, kind).map_err(CallError::Broken)?;
    let uid = api.0.context.uid("admission review");
    let unusable = |why: &str| CallError::Failed(format!("could not get REST client: {why}"));
    let destination = hook.destination.as_ref().ok_or_else(|| unusable("the client configuration is not valid"))?;
    let body = body(hook, &REVIEW, &shape, kind, review, &uid).await.map_err(CallError::Broken)?;
    let sent = api.0.webhooks.post(destination, Deadline::Request(hook.timeout), body).await;
    let failed = |why: String| CallError::Failed(format!("failed to call webhook: {why}"));
    let received = sent.map_err(|error| match error {
        Error::Unusable(why) => unusable(&why),
        Error::Failed(why) => failed(why),
    })?;
    let received = REVIEW.read(&received, hook.version).map_err(failed)?;
    let response = verified(&received, hook.version, &uid, mutating)
        .map_err(|why| CallError::Failed(format!("received invalid webhook response: {why}")))?;
    for (key, value) in meta::map(response, &["auditAnnotations"]).into_iter().flatten() {
        review.annotate(&format!("{}/{key}", hook.name), value.as_str().unwrap_or_default());
    }
    let warnings = meta::items(response, &["warnings"]).iter().filter_map(Value::as_str).map(str::to_owned);
    let warnings: Vec<_> = warnings.collect();
    if response.get("allowed").and_then(Value::as_bool) != Some(true) {
        let denial = denial(hook, response.get("status").unwrap_or(&Value::Null));
        return Err(CallError::Denied(denial.with_warnings(&warnings)));
    }
    let patch_type = match meta::text(response, &["patchType"]) {
        "" => "JSONPatch",
        given if hook.version == "v1" => given,
        _ => "JSONPatch",
    };
    Ok(Response { warnings, patch: patch(response), patch_type: patch_type.to_owned() })
}

/// The response of a review. What v1 demands of it was never checked in v1beta1.
fn verified<'a>(review: &'a Value, version: &str, uid: &str, mutating: bool) -> Result<&'a Value, String> {
    let response = review.get("response").filter(|response| !response.is_null());
    let response = response.ok_or("webhook response was absent")?;
    if version != "v1" {
        return Ok(response);
    }
    let given = meta::text(response, &["uid"]);
    if given != uid {
        return Err(format!("expected response.uid={}, got {}", go_quote(uid), go_quote(given)));
    }
    let (group_version, kind) = (meta::text(review, &["apiVersion"]), meta::text(review, &["kind"]));
    if group_version.is_empty() || kind.is_empty() {
        let shown = if group_version.is_empty() { "/" } else { group_version };
        let wanted = format!("{}, Kind={}", REVIEW.api_version(version), REVIEW.kind);
        return Err(format!("expected webhook response of {wanted}, got {shown}, Kind={kind}"));
    }
    let has_patch = !patch(response).is_empty();
    let patch_type = response.get("patchType").and_then(Value::as_str);
    match (mutating, has_patch, patch_type) {
        (true, true, None) => Err("webhook returned response.patch but not response.patchType".to_owned()),
        (true, false, Some(_)) => Err("webhook returned response.patchType but not response.patch".to_owned()),
        (true, true, Some("")) => Err("webhook returned invalid response.patchType of \"\"".to_owned()),
        (false, true, _) => Err("validating webhook may not return response.patch".to_owned()),
        (false, false, Some(_)) => Err("validating webhook may not return response.patchType".to_owned()),
        _ => Ok(response),
    }
}

fn patch(response: &Value) -> Vec<u8> {
    let text: Vec<u8> = meta::text(response, &["patch"]).bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    BASE64_STANDARD.decode(text).unwrap_or_default()
}

/// The refusal of a webhook: the status it gave, made to be a failure.
fn denial(hook: &Webhook, given: &Value) -> Box<Status> {
    let text = |path: &[&str]| meta::text(given, path).to_owned();
    let by = format!("admission webhook {} denied the request", go_quote(&hook.name));
    let reason = text(&["reason"]);
    let message = match (text(&["message"]), &reason) {
        (message, _) if !message.is_empty() => format!("{by}: {message}"),
        (_, reason) if !reason.is_empty() => format!("{by}: {reason}"),
        _ => format!("{by} without explanation"),
    };
    let mut status = Status::new(Reason::Unknown, message);
    let code = given.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok()).unwrap_or_default();
    status.code = code.max(400);
    status.own_reason = reason;
    status.details = given.get("details").filter(|details| !details.is_null()).map(details);
    status
}

fn details(given: &Value) -> Details {
    let text = |value: &Value, member: &str| meta::text(value, &[member]).to_owned();
    let cause = |cause: &Value| Cause {
        reason: text(cause, "reason"),
        message: text(cause, "message"),
        field: text(cause, "field"),
    };
    let seconds = given.get("retryAfterSeconds").and_then(Value::as_u64);
    Details {
        name: text(given, "name"),
        group: text(given, "group"),
        kind: text(given, "kind"),
        uid: text(given, "uid"),
        causes: meta::items(given, &["causes"]).iter().map(cause).collect(),
        retry_after_seconds: seconds.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or_default(),
    }
}
