//! The gate that every request passes: authentication, impersonation, authorization and the audit log.

use std::{net::Ipv4Addr, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Request, Response, header, request::Parts},
};

use super::{
    audit::{AuditLog, Record},
    in_flight::{InFlight, Place},
    request_info::RequestInfo,
    source::Hosts,
};
use crate::http::{request::query::Query, response::reply};
use crate::{
    identity::{Authenticator, Peer, PeerCertificate, authenticate::has_token, impersonate},
    object::{Reason, Status, User, access::Attributes, status::Result},
    text::percent,
    verbs::Api,
};

/// What authenticates and authorizes requests.
#[derive(Clone)]
pub struct Gate {
    authenticator: Arc<Authenticator>,
    audit: Option<Arc<AuditLog>>,
    hosts: Arc<Hosts>,
    in_flight: InFlight,
}

impl Gate {
    /// Admits whom the authenticator knows, and records every request in the audit log.
    pub fn new(authenticator: Arc<Authenticator>, audit: Option<Arc<AuditLog>>, hosts: Hosts) -> Self {
        Self { authenticator, audit, hosts: Arc::new(hosts), in_flight: InFlight::default() }
    }

    /// Refuses requests above these limits.
    pub fn limited(self, in_flight: InFlight) -> Self {
        Self { in_flight, ..self }
    }

    /// Admits everybody as the administrator, and records nothing.
    pub fn open() -> Self {
        let hosts = Hosts { address: Ipv4Addr::LOCALHOST.into(), allowed: Vec::new() };
        Self::new(Arc::new(Authenticator::open()), None, hosts)
    }

    /// Refuses what a page of another site may have made a browser send. A token is proof that none has: a browser
    /// sends it for no page that does not know it.
    pub fn check_source<B>(&self, request: &Request<B>) -> Result<()> {
        let anonymous = match &*self.authenticator {
            Authenticator::Open(_) => true,
            Authenticator::Checked { .. } if has_token(request.headers()) => return Ok(()),
            Authenticator::Checked { anonymous, .. } => {
                let peer = request.extensions().get::<Peer>();
                let certificate = peer.is_some_and(|peer| matches!(peer.certificate, PeerCertificate::Of(_)));
                anonymous.is_some() && !certificate
            }
        };
        if anonymous {
            self.hosts.check_host(request)?;
        }
        self.hosts.check_origin(request)
    }

    /// Whether the address of the client has to be known for each request.
    pub fn wants_peers(&self) -> bool {
        self.audit.is_some()
    }

    /// Whether nothing is to be checked or recorded of a request with these headers.
    pub fn is_open(&self, api: &Api, headers: &HeaderMap) -> bool {
        matches!(&*self.authenticator, Authenticator::Open(_))
            && self.audit.is_none()
            && self.in_flight.is_unlimited()
            && api.everything_is_allowed()
            && !impersonate::is_requested(headers)
    }

    /// The user of a request that has passed the gate.
    pub fn user(&self, parts: &Parts) -> Arc<User> {
        if let Some(user) = parts.extensions.get::<Arc<User>>() {
            return Arc::clone(user);
        }
        match &*self.authenticator {
            Authenticator::Open(user) => Arc::clone(user),
            Authenticator::Checked { .. } => Arc::new(User::anonymous()),
        }
    }

    /// The user in whose name the request is to be carried out.
    fn admit(&self, api: &Api, parts: &Parts, mut record: Option<&mut Record>) -> Result<Admitted> {
        let query = Query::parse(parts.uri.query());
        let path = percent::decode(parts.uri.path()).unwrap_or(parts.uri.path().into());
        let info = RequestInfo::read(&parts.method, &path, &query);
        let attributes = info.attributes();
        if let Some(record) = record.as_mut() {
            record.asks(&attributes);
        }
        let certificate = parts.extensions.get::<Peer>().map_or(&PeerCertificate::None, |peer| &peer.certificate);
        let known = self.authenticator.authenticate(&parts.headers, certificate, api);
        if let Some(record) = record.as_mut() {
            record.consider(known.as_deref().unwrap_or(&User::default()), &attributes);
        }
        let mut user = known.ok_or_else(|| Status::new(Reason::Unauthorized, "Unauthorized"))?;
        if let Some(record) = record.as_mut() {
            record.user(&user);
        }
        let place = match self.in_flight.enter(&user, &attributes) {
            Ok(place) => place,
            Err(response) => return Ok(Admitted::TooMany(response)),
        };
        if let Some(requested) = impersonate::requested(&parts.headers)? {
            for attributes in requested.attributes() {
                allow(api, &user, &attributes, None)?;
            }
            user = Arc::new(requested.into_user());
            if let Some(record) = record.as_mut() {
                record.impersonates(&user);
            }
        }
        allow(api, &user, &attributes, record)?;
        Ok(Admitted::As(user, place))
    }
}

/// What becomes of a request that nobody forbids.
enum Admitted {
    /// It is carried out in the name of a user, and has its place among those that are.
    As(Arc<User>, Place),
    /// It may come again.
    TooMany(Box<Response<Body>>),
}

/// Authenticates and authorizes a request, and passes it on to `next`, or responds with 401 or 403.
pub async fn check<N, F>(
    gate: Gate,
    api: Api,
    audit_id: Option<HeaderValue>,
    request: Request<Body>,
    next: N,
) -> Response<Body>
where
    N: FnOnce(Request<Body>) -> F + Send,
    F: Future<Output = Response<Body>> + Send,
{
    let (mut parts, body) = request.into_parts();
    let id = audit_id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or_default();
    let mut record = gate.audit.as_ref().map(|log| log.begin(&api, id, &parts));
    let response = match gate.admit(&api, &parts, record.as_mut()) {
        Ok(Admitted::TooMany(response)) => *response,
        Ok(Admitted::As(user, place)) => {
            parts.extensions.insert(user);
            if let Some(record) = &record {
                parts.extensions.insert(record.annotations());
            }
            place.follow(next(Request::from_parts(parts, body)).await)
        }
        Err(status) => refuse(&parts, &status),
    };
    match record {
        Some(record) => record.follow(response),
        None => response,
    }
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
