//! The tokens of service accounts: signed claims that hold as long as what they name is there.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{
    jwt::{self, Token},
    keys::{PublicKey, SigningKey},
};
use crate::object::{
    User, meta,
    token::{LEGACY_ISSUER, Objects, Owner},
};

/// How far clocks may differ.
const LEEWAY: SignedDuration = SignedDuration::from_mins(1);
/// So many tokens are remembered before they are all forgotten.
const REMEMBERED_MAX: usize = 1024;
/// Where what is known beside name and groups is put.
const EXTRA: &str = "authentication.kubernetes.io/";
const LEGACY: &str = "kubernetes.io/serviceaccount/";

const INVALIDATED: &str = "service account token has been invalidated";

/// Issues the tokens of service accounts, and verifies them.
pub struct ServiceAccounts {
    issuers: Vec<String>,
    audiences: Vec<String>,
    /// How many seconds a token may last at most.
    seconds_max: Option<i64>,
    signing: SigningKey,
    keys: Vec<PublicKey>,
    /// Claims of tokens whose signature has been verified, which takes long.
    verified: RwLock<HashMap<String, Arc<Value>>>,
}

impl ServiceAccounts {
    /// Signs with this key in the name of the first issuer; believes all issuers, and more keys. Without audiences,
    /// tokens are meant for the issuers.
    pub fn new(signing: SigningKey, more: Vec<PublicKey>, issuers: Vec<String>, audiences: Vec<String>) -> Self {
        let audiences = if audiences.is_empty() { issuers.clone() } else { audiences };
        let mut keys = vec![signing.public().clone()];
        keys.extend(more.into_iter().filter(|key| key.id != signing.public().id));
        Self { issuers, audiences, seconds_max: None, signing, keys, verified: RwLock::default() }
    }

    /// Lets no token last longer.
    pub fn lasting_at_most(self, longest: Option<Duration>) -> Self {
        let seconds_max = longest.map(|longest| i64::try_from(longest.as_secs()).unwrap_or(i64::MAX));
        Self { seconds_max, ..self }
    }

    /// How many seconds a token may last at most.
    pub fn seconds_max(&self) -> Option<i64> {
        self.seconds_max
    }

    /// In whose name tokens are signed.
    pub fn issuer(&self) -> &str {
        self.issuers.first().map(String::as_str).unwrap_or_default()
    }

    /// Whom tokens are meant for unless they say otherwise.
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// The keys that verify tokens.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// The token that makes these claims, to which the issuer is added unless there is one.
    pub fn sign(&self, claims: Value) -> String {
        let mut sorted: BTreeMap<String, Value> = claims.as_object().cloned().unwrap_or_default().into_iter().collect();
        sorted.entry("iss".to_owned()).or_insert_with(|| self.issuer().into());
        jwt::sign(&Map::from_iter(sorted).into(), &self.signing)
    }

    /// Whose a token is; `None` if it is of no issuer known here.
    pub fn owner(&self, token: &str, audiences: &[String], objects: &dyn Objects) -> Option<Result<Owner, String>> {
        let known = self.verified.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned();
        let claims = match known {
            Some(claims) => claims,
            None => match self.verify(token)? {
                Ok(claims) => claims,
                Err(why) => return Some(Err(why)),
            },
        };
        Some(self.check(token, &claims, audiences, objects))
    }

    /// The claims of a token that one of the keys has signed.
    fn verify(&self, text: &str) -> Option<Result<Arc<Value>, String>> {
        let token = Token::parse(text)?;
        let issuer = token.claims["iss"].as_str()?;
        if issuer != LEGACY_ISSUER && !self.issuers.iter().any(|own| own == issuer) {
            return None;
        }
        if !token.is_signed_by(&self.keys) {
            return Some(Err("go-jose/go-jose: error in cryptographic primitive".to_owned()));
        }
        let claims = Arc::new(token.claims);
        let mut verified = self.verified.write().unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= REMEMBERED_MAX {
            verified.clear();
        }
        verified.insert(text.to_owned(), Arc::clone(&claims));
        Some(Ok(claims))
    }

    fn check(&self, token: &str, claims: &Value, wanted: &[String], objects: &dyn Objects) -> Result<Owner, String> {
        let meant: Vec<&str> = match &claims["aud"] {
            Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
            Value::String(one) => vec![one],
            _ => self.audiences.iter().map(String::as_str).collect(),
        };
        let common: Vec<String> =
            meant.iter().filter(|own| wanted.iter().any(|other| other == **own)).map(|&own| own.to_owned()).collect();
        if common.is_empty() {
            return Err(format!(
                "token audiences {} is invalid for the target audiences {}",
                quoted(&meant),
                quoted(wanted)
            ));
        }
        let user = if claims["iss"] == LEGACY_ISSUER {
            legacy_user(token, claims, objects)?
        } else {
            bound_user(claims, objects)?
        };
        Ok(Owner { user: Arc::new(user), audiences: common })
    }
}

/// The user of a token that expires, and ends with what it is bound to.
fn bound_user(claims: &Value, objects: &dyn Objects) -> Result<User, String> {
    check_time(claims, objects.now())?;
    let own = &claims["kubernetes.io"];
    let namespace = meta::text(own, &["namespace"]);
    let account = Reference::of(own, "serviceaccount").unwrap_or_default();
    let mut user = account_user(namespace, &account, objects)?;
    let mut extra = BTreeMap::new();
    let id = meta::text(claims, &["jti"]);
    if !id.is_empty() {
        extra.insert("credential-id", format!("JTI={id}"));
    }
    if let Some(secret) = Reference::of(own, "secret") {
        let uid = still_there(objects, "secrets", namespace, &secret)?;
        secret.must_be(&uid, "secret UID", "service account secret ref claim")?;
    }
    let pod = Reference::of(own, "pod");
    if let Some(pod) = &pod {
        let uid = still_there(objects, "pods", namespace, pod)?;
        pod.must_be(&uid, "pod UID", "service account pod ref claim")?;
        extra.extend([("pod-name", pod.name.to_owned()), ("pod-uid", pod.uid.to_owned())]);
    }
    if let Some(node) = Reference::of(own, "node") {
        // Of a pod's token, the node is only for information.
        if pod.is_none() {
            let uid = still_there(objects, "nodes", "", &node)?;
            node.must_be(&uid, "node UID", "service account node ref claim")?;
        }
        extra.extend([("node-name", node.name.to_owned()), ("node-uid", node.uid.to_owned())]);
    }
    let extra = extra.into_iter().filter(|(_, value)| !value.is_empty());
    user.extra = extra.map(|(key, value)| (format!("{EXTRA}{key}"), vec![value])).collect();
    Ok(user)
}

/// The user of a token that a Secret holds, and that lasts as long as it.
fn legacy_user(token: &str, claims: &Value, objects: &dyn Objects) -> Result<User, String> {
    let claim = |name: &str| claims[format!("{LEGACY}{name}")].as_str().unwrap_or_default();
    let namespace = claim("namespace");
    let found = objects.find("secrets", namespace, claim("secret.name"));
    let secret = found.filter(|secret| !is_gone(secret, objects.now())).ok_or("Token has been invalidated")?;
    let held = STANDARD.decode(meta::text(&secret, &["data", "token"])).unwrap_or_default();
    if held != token.as_bytes() {
        return Err("Token does not match server's copy".to_owned());
    }
    let account = Reference { name: claim("service-account.name"), uid: claim("service-account.uid") };
    account_user(namespace, &account, objects)
}

fn account_user(namespace: &str, account: &Reference, objects: &dyn Objects) -> Result<User, String> {
    let name = account.name;
    let found = objects.find("serviceaccounts", namespace, name);
    let found = found.ok_or_else(|| format!("serviceaccounts \"{name}\" not found"))?;
    if is_gone(&found, objects.now()) {
        return Err(format!("service account {namespace}/{name} has been deleted"));
    }
    account.must_be(meta::uid(&found), "service account UID", "claim")?;
    Ok(User { uid: account.uid.to_owned(), ..User::service_account(namespace, name) })
}

/// The name and the uid of an object that a token names.
#[derive(Default)]
struct Reference<'a> {
    name: &'a str,
    uid: &'a str,
}

impl<'a> Reference<'a> {
    fn of(claims: &'a Value, what: &str) -> Option<Self> {
        let reference = claims.get(what)?;
        Some(Self { name: meta::text(reference, &["name"]), uid: meta::text(reference, &["uid"]) })
    }

    fn must_be(&self, uid: &str, what: &str, claim: &str) -> Result<(), String> {
        if uid == self.uid { Ok(()) } else { Err(format!("{what} ({uid}) does not match {claim} ({})", self.uid)) }
    }
}

/// The uid of an object that a token is bound to.
fn still_there(objects: &dyn Objects, plural: &str, namespace: &str, at: &Reference) -> Result<String, String> {
    let found = objects.find(plural, namespace, at.name).filter(|found| !is_gone(found, objects.now()));
    found.map(|found| meta::uid(&found).to_owned()).ok_or_else(|| INVALIDATED.to_owned())
}

/// Whether the object should have been removed by now.
fn is_gone(object: &Value, now: Timestamp) -> bool {
    let deleted = meta::text(object, &["metadata", "deletionTimestamp"]).parse::<Timestamp>();
    deleted.is_ok_and(|deleted| deleted < now - LEEWAY)
}

fn check_time(claims: &Value, now: Timestamp) -> Result<(), String> {
    for name in ["nbf", "exp", "iat"] {
        if !(claims[name].is_number() || claims[name].is_null()) {
            return Err("go-jose/go-jose/jwt: expected number value to unmarshal NumericDate".to_owned());
        }
    }
    // A fraction of a second does not count. A number beyond all times saturates.
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let at = |name: &str| claims[name].as_f64().map(|seconds| seconds as i64);
    let (early, late) = ((now - LEEWAY).as_second(), (now + LEEWAY).as_second());
    if at("nbf").is_some_and(|begin| late < begin) {
        return Err("service account token is not valid yet".to_owned());
    }
    if at("exp").is_some_and(|end| early > end) {
        return Err("service account token has expired".to_owned());
    }
    if at("iat").is_some_and(|issued| late < issued) {
        return Err("service account token is issued in the future".to_owned());
    }
    Ok(())
}

/// A list of texts as Go prints it.
fn quoted(texts: &[impl AsRef<str>]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| json!(text.as_ref()).to_string()).collect();
    format!("[{}]", texts.join(" "))
}
