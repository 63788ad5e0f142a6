//! The `token` subresource of service accounts: what a token says, and what it is bound to.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{node, secret};
use crate::kinds::{IssueRequest, Issuer, Kind, pod};
use crate::object::{
    FieldError, FieldErrors, GroupVersionKind, Path, Status, access::service_account_name, gvk::split_api_version,
    meta, status::Result,
};
use crate::text::time::rfc3339;

/// The kind of a request for a token.
pub const GVK: GroupVersionKind = GroupVersionKind::new("authentication.k8s.io", "v1", "TokenRequest");

/// How long a token lasts that says nothing else.
const SECONDS_DEFAULT: i64 = 3600;
const SECONDS_MIN: i64 = 10 * 60;
const SECONDS_MAX: i64 = 1 << 32;
/// A pod's token that asks for so long is that of a kubelet, for a program that may not know that tokens end.
const SECONDS_PROJECTED: i64 = 60 * 60 + 7;
/// It lasts so long in truth.
const SECONDS_EXTENDED: i64 = 365 * 24 * 60 * 60;

/// Issues tokens of a service account.
pub struct Issue;

impl IssueRequest for Issue {
    fn default(&self, request: &mut Value) {
        let spec = meta::map_mut(request, "spec");
        if spec.get("expirationSeconds").is_none_or(Value::is_null) {
            spec.insert("expirationSeconds".to_owned(), SECONDS_DEFAULT.into());
        }
    }

    /// A request may repeat the account's name.
    fn check_name(&self, name: &str, request: &Value) -> Result<()> {
        let asked = meta::name(request);
        if asked.is_empty() || asked == name {
            return Ok(());
        }
        let path = Path::new("metadata").child("name");
        let error = FieldError::invalid(&path, asked, "must match the service account name if specified");
        Err(Status::invalid(&GVK, name, &[error]))
    }

    fn issue(&self, request: &mut Value, account: &Value, issuer: &dyn Issuer) -> Result<()> {
        check_uid(meta::name(account), meta::uid(request), meta::uid(account))?;
        let now = issuer.now();
        let metadata = meta::metadata_mut(request);
        metadata.insert("name".to_owned(), meta::name(account).into());
        metadata.insert("uid".to_owned(), meta::uid(account).into());
        metadata.insert("creationTimestamp".to_owned(), rfc3339(now).into());
        if meta::items(request, &["spec", "audiences"]).is_empty() {
            meta::map_mut(request, "spec").insert("audiences".to_owned(), issuer.audiences().into());
        }
        let errors = duration_errors(seconds(request));
        if !errors.is_empty() {
            return Err(Status::invalid(&GVK, "", &errors));
        }
        if let Some(longest) = issuer.seconds_max().filter(|longest| seconds(request) > *longest) {
            meta::map_mut(request, "spec").insert("expirationSeconds".to_owned(), longest.into());
        }
        let token = issuer.sign(claims(account, request, issuer)?);
        let expiration = Timestamp::from_second(now.as_second() + seconds(request)).unwrap_or(Timestamp::MAX);
        request["status"] = json!({"token": token, "expirationTimestamp": rfc3339(expiration)});
        Ok(())
    }
}

/// What a token says of its account, of what it is bound to, and of itself.
fn claims(account: &Value, request: &Value, issuer: &dyn Issuer) -> Result<Value> {
    let (namespace, name) = (meta::namespace(account), meta::name(account));
    let mut own = json!({"namespace": namespace});
    if let Some(bound) = meta::at(request, &["spec", "boundObjectRef"]).filter(|bound| bound.is_object()) {
        for (what, object) in bound_objects(account, bound, issuer)? {
            own[what] = reference(&object);
        }
    }
    own["serviceaccount"] = reference(account);
    let now = issuer.now().as_second();
    let mut lasts = seconds(request);
    let audiences = meta::items(request, &["spec", "audiences"]);
    let is_ours = |audience: &Value| issuer.audiences().iter().any(|own| audience == own.as_str());
    if lasts == SECONDS_PROJECTED && own.get("pod").is_some() && audiences.iter().all(is_ours) {
        own["warnafter"] = (now + lasts).into();
        lasts = SECONDS_EXTENDED;
    }
    Ok(json!({
        "aud": audiences,
        "exp": now + lasts,
        "iat": now,
        "jti": issuer.uid(&format!("core/serviceaccounts/{namespace}/{name}")),
        "kubernetes.io": own,
        "nbf": now,
        "sub": service_account_name(namespace, name),
    }))
}

/// What a token is bound to, under the names of the claims. With a pod comes its node.
fn bound_objects(account: &Value, bound: &Value, issuer: &dyn Issuer) -> Result<Vec<(&'static str, Value)>> {
    let text = |name: &str| meta::text(bound, &[name]);
    let (group, version) = split_api_version(text("apiVersion"));
    let own = meta::namespace(account);
    let (claim, kind, namespace): (_, &Kind, _) = match (group, text("kind")) {
        ("", "Node") => ("node", &node::DEF, ""),
        ("", "Pod") => ("pod", &pod::DEF, own),
        ("", "Secret") => ("secret", &secret::DEF, own),
        (group, kind) => {
            let text = format!("cannot bind token to object of type {group}/{version}, Kind={kind}");
            return Err(Status::bad_request(text));
        }
    };
    let object = issuer.get(&kind.gvk, namespace, text("name"))?;
    let mut all = Vec::new();
    if claim == "pod" {
        if meta::text(&object, &["spec", "serviceAccountName"]) != meta::name(account) {
            return Err(Status::bad_request(format!(
                "cannot bind token for serviceaccount \"{}\" to pod running with different serviceaccount name.",
                meta::name(account)
            )));
        }
        let on = meta::text(&object, &["spec", "nodeName"]);
        if !on.is_empty() {
            let unknown = json!({"metadata": {"name": on}});
            all.push(("node", issuer.get(&node::DEF.gvk, "", on).unwrap_or(unknown)));
        }
    }
    let (asked, uid) = (text("uid"), meta::uid(&object));
    if !asked.is_empty() && asked != uid {
        let why = format!(
            "the UID in the bound object reference ({asked}) does not match the UID in record. \
             The object might have been deleted and then recreated"
        );
        return Err(Status::conflict("", &kind.gvk.kind, text("name"), &why));
    }
    all.push((claim, object));
    Ok(all)
}

fn reference(object: &Value) -> Value {
    match meta::uid(object) {
        "" => json!({"name": meta::name(object)}),
        uid => json!({"name": meta::name(object), "uid": uid}),
    }
}

/// A token is asked of one incarnation of an account.
fn check_uid(name: &str, asked: &str, uid: &str) -> Result<()> {
    if asked.is_empty() || asked == uid {
        return Ok(());
    }
    let why = format!("the UID in the token request ({asked}) does not match the UID of the service account ({uid})");
    Err(Status::conflict(&GVK.group, &GVK.kind, name, &why))
}

fn seconds(request: &Value) -> i64 {
    meta::at(request, &["spec", "expirationSeconds"]).and_then(Value::as_i64).unwrap_or_default()
}

fn duration_errors(seconds: i64) -> FieldErrors {
    let path = Path::new("spec").child("expirationSeconds");
    let detail = match seconds {
        ..SECONDS_MIN => "may not specify a duration less than 10 minutes",
        SECONDS_MIN..=SECONDS_MAX => return FieldErrors::new(),
        _ => "may not specify a duration larger than 2^32 seconds",
    };
    vec![FieldError::invalid(&path, seconds, detail)]
}
