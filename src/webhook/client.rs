//! The client: pools of connections for those who are trusted in the same way, a deadline for each call.

use std::{
    collections::HashMap,
    error::Error as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{Method, Request, Uri, header};
use hyper_util::{
    client::legacy::Client as Pool,
    rt::{TokioExecutor, TokioTimer},
};

use super::{
    Destination, Error,
    connect::{ConnectError, Connector, Services},
    destination::ServiceReference,
    redirect::{REQUESTS_MAX, follow},
    response, trust,
};

/// How many pools of connections are kept. The one that was used longest ago goes first.
const POOLS_MAX: usize = 200;
/// How many connections to one host are kept while nobody uses them, and for how long.
const IDLE_MAX: usize = 32;
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// The largest body that a webhook may send back: an object in a request is at most a fifth of it.
const RESPONSE_BYTES_MAX: usize = 16 << 20;
/// What webhooks see as the user agent.
const USER_AGENT: &str = "kube-apiserver-admission";

/// Calls webhooks.
pub struct Client {
    services: Arc<dyn Services>,
    clock: trust::Clock,
    pools: Mutex<Pools>,
}

/// When a call is given up, and who is said to have given up.
#[derive(Clone, Copy, Debug)]
pub enum Deadline {
    /// The request that the call is a part of.
    Request(Duration),
    /// The client, which has a limit for every call.
    Client(Duration),
}

#[derive(Default)]
struct Pools {
    by_trust: HashMap<Trust, (u64, Pool<Connector, Full<Bytes>>)>,
    /// Counts calls, to know which pool was used last.
    calls: u64,
}

/// What webhooks have in common that share connections.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Trust {
    service: Option<ServiceReference>,
    ca_bundle: Arc<[u8]>,
}

impl Client {
    /// A client that finds services in this way and goes by this clock.
    pub fn new(services: Arc<dyn Services>, clock: trust::Clock) -> Self {
        Self { services, clock, pools: Mutex::default() }
    }

    /// Whether a webhook can be called at all: its certificates can be read.
    pub fn check(&self, to: &Destination) -> Result<(), Error> {
        self.pool(to).map(drop).map_err(Error::Unusable)
    }

    /// Sends a review and returns the body of the response. Its status is good and it is not empty.
    pub async fn post(&self, to: &Destination, deadline: Deadline, body: Bytes) -> Result<Bytes, Error> {
        let pool = self.pool(to).map_err(Error::Unusable)?;
        let (limit, why) = match deadline {
            Deadline::Request(limit) => (limit, "context deadline exceeded"),
            Deadline::Client(limit) => {
                (limit, "context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
            }
        };
        let seconds = limit.as_secs() + u64::from(limit.subsec_nanos() > 0);
        let mut uri: Uri = format!("{}?timeout={seconds}s", to.url)
            .parse()
            .map_err(|error: hyper::http::uri::InvalidUri| Error::Failed(format!("Post \"{}\": {error}", to.url)))?;
        let asked = tokio::time::timeout(limit, ask(&pool, &mut uri, body)).await;
        let failed = |why: &str| Error::Failed(format!("Post \"{uri}\": {why}"));
        match asked {
            Err(_) => Err(failed(why)),
            Ok(Err(Failure::Transport(why))) => Err(failed(&why)),
            Ok(Err(Failure::Response(why))) => Err(Error::Failed(why)),
            Ok(Ok(body)) => Ok(body),
        }
    }

    fn pool(&self, to: &Destination) -> Result<Pool<Connector, Full<Bytes>>, String> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.calls += 1;
        let now = pools.calls;
        let trust = Trust { service: to.service.clone(), ca_bundle: Arc::clone(&to.ca_bundle) };
        if let Some((used, pool)) = pools.by_trust.get_mut(&trust) {
            *used = now;
            return Ok(pool.clone());
        }
        let connector = Connector {
            service: to.service.clone(),
            services: Arc::clone(&self.services),
            tls: trust::config(&to.ca_bundle, &self.clock)?,
        };
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_MAX)
            .build(connector);
        if pools.by_trust.len() >= POOLS_MAX {
            let oldest = pools.by_trust.iter().min_by_key(|(_, (used, _))| *used).map(|(trust, _)| trust.clone());
            oldest.and_then(|trust| pools.by_trust.remove(&trust));
        }
        pools.by_trust.insert(trust, (now, pool.clone()));
        Ok(pool)
    }
}

/// Why a request brought no body.
enum Failure {
    /// There was no response; `Post "<url>"` is put in front.
    Transport(String),
    /// The response says no.
    Response(String),
}

/// Sends the request, and again wherever it is redirected to. `uri` is where it was sent last.
async fn ask(pool: &Pool<Connector, Full<Bytes>>, uri: &mut Uri, body: Bytes) -> Result<Bytes, Failure> {
    let (mut method, mut body) = (Method::POST, body);
    for _ in 0..REQUESTS_MAX {
        let request = Request::builder()
            .method(method.clone())
            .uri(uri.clone())
            .header(header::ACCEPT, "application/json, */*")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, USER_AGENT)
            .body(Full::new(body.clone()))
            .map_err(|error| Failure::Transport(error.to_string()))?;
        let response = pool.request(request).await.map_err(|error| Failure::Transport(transport_text(&error)))?;
        let (head, incoming) = response.into_parts();
        if let Some(redirect) = follow(head.status, &head.headers, uri, &method).map_err(Failure::Transport)? {
            (*uri, method) = (redirect.uri, redirect.method);
            if !redirect.keeps_body {
                body = Bytes::new();
            }
            continue;
        }
        let whole = Limited::new(incoming, RESPONSE_BYTES_MAX).collect().await;
        let whole = whole.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
            Some(_) => Failure::Response(format!("the response has more than {RESPONSE_BYTES_MAX} bytes")),
            None => Failure::Response("unexpected EOF".to_owned()),
        })?;
        return response::read(head.status, &head.headers, whole.to_bytes()).map_err(Failure::Response);
    }
    Err(Failure::Transport(format!("stopped after {REQUESTS_MAX} redirects")))
}

/// What a Go client says when a connection fails before a response has come.
fn transport_text(error: &hyper_util::client::legacy::Error) -> String {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(error) = inner.downcast_ref::<ConnectError>() {
            return error.to_string();
        }
        if let Some(error) = inner.downcast_ref::<hyper::Error>() {
            if error.is_parse() {
                return format!("net/http: HTTP/1.x transport connection broken: {error}");
            }
            if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
                return "EOF".to_owned();
            }
        }
        if let Some(error) = inner.downcast_ref::<std::io::Error>() {
            return if error.kind() == std::io::ErrorKind::UnexpectedEof {
                "EOF".to_owned()
            } else {
                error.to_string()
            };
        }
        cause = inner.source();
    }
    error.to_string()
}
