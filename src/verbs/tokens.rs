//! Tokens of service accounts: what one says, and what it is bound to.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Answer, Api, Target, WriteOptions, Written, rfc3339, stored};
use crate::{
    kinds::{
        Kind, Subresource,
        core::{node, secret},
        pod,
    },
    object::{
        FieldError, FieldErrors, Path, Status, access::service_account_name, gvk::split_api_version, meta,
        status::Result, token::Objects,
    },
    schema, wire,
};

/// How long a token lasts that says nothing else.
const SECONDS_DEFAULT: i64 = 3600;
const SECONDS_MIN: i64 = 10 * 60;
const SECONDS_MAX: i64 = 1 << 32;
/// A pod's token that asks for so long is that of a kubelet, for a program that may not know that tokens end.
const SECONDS_PROJECTED: i64 = 60 * 60 + 7;
/// It lasts so long in truth.
const SECONDS_EXTENDED: i64 = 365 * 24 * 60 * 60;

impl Api {
    /// A token for a service account.
    pub(super) fn issue_token(
        &self,
        target: &Target,
        sub: &Subresource,
        mut request: Value,
        warnings: Vec<String>,
        options: &WriteOptions,
    ) -> Result<Written> {
        let spec = meta::map_mut(&mut request, "spec");
        if spec.get("expirationSeconds").is_none_or(Value::is_null) {
            spec.insert("expirationSeconds".to_owned(), SECONDS_DEFAULT.into());
        }
        self.record_request(sub, &mut request, options);
        let name = target.name();
        check_name(sub, name, meta::name(&request))?;
        let account = self.view_of(target)?;
        check_uid(sub, name, meta::uid(&request), meta::uid(&account))?;
        let now = self.now();
        let metadata = meta::metadata_mut(&mut request);
        metadata.insert("name".to_owned(), name.into());
        metadata.insert("uid".to_owned(), meta::uid(&account).into());
        metadata.insert("creationTimestamp".to_owned(), rfc3339(now).into());
        if meta::items(&request, &["spec", "audiences"]).is_empty() {
            let audiences = self.settings().tokens.audiences().into();
            meta::map_mut(&mut request, "spec").insert("audiences".to_owned(), audiences);
        }
        let errors = duration_errors(seconds(&request));
        if !errors.is_empty() {
            return Err(Status::invalid(&sub.gvk, "", &errors));
        }
        let claims = self.claims(target, &account, &request, now)?;
        let token = self.settings().tokens.sign(claims);
        let expiration = Timestamp::from_second(now.as_second() + seconds(&request)).unwrap_or(Timestamp::MAX);
        request["status"] = json!({"token": token, "expirationTimestamp": rfc3339(expiration)});
        let message = schema::by_gvk(&sub.gvk.api_version(), &sub.gvk.kind)
            .expect("the schema has the kinds of all subresources");
        let request = wire::normalise(stored::without_type(request), message);
        let mut answer = json!({"kind": sub.gvk.kind, "apiVersion": sub.gvk.api_version()});
        if let (Some(members), Value::Object(rest)) = (answer.as_object_mut(), request) {
            members.extend(rest);
        }
        Ok(Written { answer: Answer::Value(answer), created: true, warnings })
    }

    /// What a token says of its account, of what it is bound to, and of itself.
    fn claims(&self, target: &Target, account: &Value, request: &Value, now: Timestamp) -> Result<Value> {
        let namespace = meta::namespace(account);
        let mut own = json!({"namespace": namespace});
        if let Some(bound) = meta::at(request, &["spec", "boundObjectRef"]).filter(|bound| bound.is_object()) {
            for (what, object) in self.bound(target, bound)? {
                own[what] = reference(&object);
            }
        }
        own["serviceaccount"] = reference(account);
        let now = now.as_second();
        let mut lasts = seconds(request);
        let audiences = meta::items(request, &["spec", "audiences"]);
        let is_ours = |audience: &Value| self.settings().tokens.audiences().iter().any(|own| audience == own.as_str());
        if lasts == SECONDS_PROJECTED && own.get("pod").is_some() && audiences.iter().all(is_ours) {
            own["warnafter"] = (now + lasts).into();
            lasts = SECONDS_EXTENDED;
        }
        Ok(json!({
            "aud": audiences,
            "exp": now + lasts,
            "iat": now,
            "jti": self.0.context.uid(target.key().as_str()),
            "kubernetes.io": own,
            "nbf": now,
            "sub": service_account_name(namespace, meta::name(account)),
        }))
    }

    /// What a token is bound to, under the names of the claims. With a pod comes its node.
    fn bound(&self, target: &Target, bound: &Value) -> Result<Vec<(&'static str, Value)>> {
        let text = |name: &str| meta::text(bound, &[name]);
        let (group, version) = split_api_version(text("apiVersion"));
        let place = target.namespace.as_deref().unwrap_or_default();
        let (claim, def, namespace): (_, &Kind, _) = match (group, text("kind")) {
            ("", "Node") => ("node", &node::DEF, ""),
            ("", "Pod") => ("pod", &pod::DEF, place),
            ("", "Secret") => ("secret", &secret::DEF, place),
            (group, kind) => {
                let text = format!("cannot bind token to object of type {group}/{version}, Kind={kind}");
                return Err(Status::bad_request(text));
            }
        };
        let object = self.view_of(&Target::new(def, namespace, text("name")))?;
        let mut all = Vec::new();
        if claim == "pod" {
            if meta::text(&object, &["spec", "serviceAccountName"]) != target.name() {
                return Err(Status::bad_request(format!(
                    "cannot bind token for serviceaccount \"{}\" to pod running with different serviceaccount name.",
                    target.name()
                )));
            }
            let on = meta::text(&object, &["spec", "nodeName"]);
            if !on.is_empty() {
                let unknown = json!({"metadata": {"name": on}});
                all.push(("node", self.view_of(&Target::new(&node::DEF, "", on)).unwrap_or(unknown)));
            }
        }
        let (asked, uid) = (text("uid"), meta::uid(&object));
        if !asked.is_empty() && asked != uid {
            let why = format!(
                "the UID in the bound object reference ({asked}) does not match the UID in record. \
                 The object might have been deleted and then recreated"
            );
            return Err(Status::conflict("", &def.gvk.kind, text("name"), &why));
        }
        all.push((claim, object));
        Ok(all)
    }

    fn view_of(&self, target: &Target) -> Result<Value> {
        let found = self.0.store.get(&target.key()).ok_or_else(|| target.not_found())?;
        Ok(stored::view(&target.def, &found))
    }
}

impl Objects for Api {
    fn now(&self) -> Timestamp {
        self.now()
    }

    fn find(&self, plural: &str, namespace: &str, name: &str) -> Option<Value> {
        let def = self.registry().stored("", plural)?;
        self.view_of(&Target::new(&def, namespace, name)).ok()
    }
}

fn reference(object: &Value) -> Value {
    match meta::uid(object) {
        "" => json!({"name": meta::name(object)}),
        uid => json!({"name": meta::name(object), "uid": uid}),
    }
}

/// A request may repeat the account's name.
fn check_name(sub: &Subresource, name: &str, asked: &str) -> Result<()> {
    if asked.is_empty() || asked == name {
        return Ok(());
    }
    let path = Path::new("metadata").child("name");
    let error = FieldError::invalid(&path, asked, "must match the service account name if specified");
    Err(Status::invalid(&sub.gvk, name, &[error]))
}

/// A token is asked of one incarnation of an account.
fn check_uid(sub: &Subresource, name: &str, asked: &str, uid: &str) -> Result<()> {
    if asked.is_empty() || asked == uid {
        return Ok(());
    }
    let why = format!("the UID in the token request ({asked}) does not match the UID of the service account ({uid})");
    Err(Status::conflict(&sub.gvk.group, &sub.gvk.kind, name, &why))
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
