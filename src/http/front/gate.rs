//! The gate that every request passes: who sends it, on whose behalf, and whether that user may do it.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Request, Response, header, request::Parts},
};

use super::{
    audit::{AuditLog, Record},
    request_info::RequestInfo,
};
use crate::http::{App, answer::reply, request::query::Query, router::Surface};
use crate::{
    identity::{Authenticator, Peer, PeerCertificate, impersonate},
    object::{Reason, Status, User, access::Attributes, status::Result},
    text::percent,
    verbs::Api,
};

/// What decides who gets in.
#[derive(Clone)]
pub struct Gate {
    authenticator: Arc<Authenticator>,
    audit: Option<Arc<AuditLog>>,
}

impl Gate {
    /// Lets in whom the authenticator knows, and records everything in the audit log.
    pub fn new(authenticator: Arc<Authenticator>, audit: Option<Arc<AuditLog>>) -> Self {
        Self { authenticator, audit }
    }

    /// Lets everybody in, as the administrator, and records nothing.
    pub fn open() -> Self {
        Self::new(Arc::new(Authenticator::open()), None)
    }

    /// Whether requests are asked where they come from.
    pub fn wants_peers(&self) -> bool {
        self.audit.is_some()
    }

    /// Whether nothing is to be checked or recorded of a request with these headers.
    pub fn is_open(&self, api: &Api, headers: &HeaderMap) -> bool {
        matches!(&*self.authenticator, Authenticator::Open(_))
            && self.audit.is_none()
            && api.everything_is_allowed()
            && !impersonate::is_asked_for(headers)
    }
}

/// The user whom a request that has passed the gate comes from.
pub fn user(app: &App, parts: &Parts) -> Arc<User> {
    if let Some(user) = parts.extensions.get::<Arc<User>>() {
        return Arc::clone(user);
    }
    match &*app.settings.gate.authenticator {
        Authenticator::Open(user) => Arc::clone(user),
        Authenticator::Checked { .. } => Arc::new(User::anonymous()),
    }
}

/// Asks who it is and whether that user may do this, and lets the request through, or answers 401 or 403.
pub async fn check(surface: &Surface, audit_id: Option<HeaderValue>, request: Request<Body>) -> Response<Body> {
    let app = surface.app();
    let gate = &app.settings.gate;
    let (mut parts, body) = request.into_parts();
    let id = audit_id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or_default();
    let mut record = gate.audit.as_ref().map(|log| log.begin(&app.api, id, &parts));
    let response = match admit(app, &parts, record.as_mut()) {
        Ok(user) => {
            parts.extensions.insert(user);
            surface.dispatch(Request::from_parts(parts, body)).await
        }
        Err(status) => refuse(&parts, &status),
    };
    match record {
        Some(record) => record.follow(response),
        None => response,
    }
}

/// The user in whose name the request is to be answered.
fn admit(app: &App, parts: &Parts, mut record: Option<&mut Record>) -> Result<Arc<User>> {
    let query = Query::parse(parts.uri.query());
    let path = percent::decode(parts.uri.path()).unwrap_or(parts.uri.path().into());
    let info = RequestInfo::read(&parts.method, &path, &query);
    let attributes = info.attributes();
    if let Some(record) = record.as_mut() {
        record.asks(&attributes);
    }
    let certificate = parts.extensions.get::<Peer>().map_or(&PeerCertificate::None, |peer| &peer.certificate);
    let known = app.settings.gate.authenticator.authenticate(&parts.headers, certificate, &app.api);
    let mut user = known.ok_or_else(|| Status::new(Reason::Unauthorized, "Unauthorized"))?;
    if let Some(record) = record.as_mut() {
        record.user(&user);
    }
    if let Some(wish) = impersonate::wish(&parts.headers)? {
        for attributes in wish.attributes() {
            allow(&app.api, &user, &attributes, None)?;
        }
        user = Arc::new(wish.into_user());
        if let Some(record) = record.as_mut() {
            record.impersonates(&user);
        }
    }
    allow(&app.api, &user, &attributes, record)?;
    Ok(user)
}

fn allow(api: &Api, user: &User, attributes: &Attributes, record: Option<&mut Record>) -> Result<()> {
    let decision = api.authorize(user, attributes);
    if let Some(record) = record {
        record.decided(&decision);
    }
    if decision.allowed { Ok(()) } else { Err(attributes.forbidden(user, &decision.reason)) }
}

fn refuse(parts: &Parts, status: &Status) -> Response<Body> {
    let mut response = reply::error(&parts.headers, &Query::parse(parts.uri.query()), status);
    if status.reason == Reason::Forbidden {
        response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    response
}
