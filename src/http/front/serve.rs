//! The accept loop: HTTP/1.1 and HTTP/2, without TLS and with it, with limits, until told to stop.

use std::{
    convert::Infallible,
    future::{Future, ready},
    io,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use super::{header_timer::HeaderTimer, protocol};
use crate::http::{
    App, Gate, Settings, Surface,
    response::flow::{Counted, Flow},
};
use crate::{
    identity::{Peer, PeerCertificate, Tls},
    verbs::Api,
};
use axum::{
    Router,
    body::Body,
    http::{Request, Uri, Version},
};
use futures_util::{FutureExt, future::Either};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto::Builder,
        graceful::{GracefulShutdown, Watcher},
    },
};
use prometheus_client::collector::Collector;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::Instant,
};

/// Connections that are served at the same time; later ones wait in the listener's backlog.
pub const CONNECTIONS_MAX: usize = 16_384;
/// How long a client may take to send a request's headers, the first ones included.
pub const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(32);
/// How long a connection of HTTP/1.1 may be idle between two requests, until the next one's head is there.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// How long a TLS handshake may take.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest head of a request, in bytes. It is also how much of a response waits for a slow client.
pub const HEAD_MAX: usize = 1024 * 1024;
/// The most header lines of a request.
pub const HEADER_LINES_MAX: usize = 1000;
/// The longest head of a request over HTTP/2, counted as its protocol counts.
const HTTP2_HEAD_MAX: u32 = 1024 * 1024;
/// Streams on one HTTP/2 connection. A client with many watches opens them all on one.
pub const STREAMS_MAX: u32 = 1000;
/// How long open requests have to end when the server stops.
pub const GRACE: Duration = Duration::from_secs(5);
/// How long to wait after an accept failed, most likely for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often the log says that accepting fails.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

/// The routes, and the means to end what hangs on them.
pub struct Service {
    surface: Surface,
    stopping: watch::Sender<bool>,
}

/// The API at this address, for those whom the gate lets in. `figures` are metrics of other parts of the server.
pub fn service(api: Api, address: SocketAddr, gate: Gate, figures: Vec<Box<dyn Collector>>) -> Service {
    let (sender, stopping) = watch::channel(false);
    let leaving = Arc::new(AtomicBool::new(false));
    let app = App::new(api, Settings { address: address.to_string(), stopping, leaving, gate }, figures);
    Service { surface: Surface::new(app), stopping: sender }
}

impl Service {
    /// What to set when the server is about to stop: it serves, but says that it is not ready.
    pub fn leaving(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.surface.app().settings.leaving)
    }

    /// Adds routes of other parts of the server, behind the same gate.
    pub fn merge(self, routes: Router) -> Self {
        Self { surface: self.surface.merge(routes), ..self }
    }
}

/// Where connections come in.
pub struct Listeners {
    /// Without TLS.
    pub plain: Option<TcpListener>,
    /// With TLS.
    pub secure: Option<(TcpListener, Tls)>,
}

/// Serves until `shutdown` completes, then lets open requests end for a bounded time.
pub async fn serve(listeners: Listeners, service: Service, shutdown: impl Future<Output = ()>) {
    let mut shutdown = pin!(shutdown);
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let connections = GracefulShutdown::new();
    let wants_peers = service.surface.app().settings.gate.wants_peers();
    let handler = Arc::new(Handler { builder: builder(), surface: service.surface, wants_peers });
    let mut warned = None;
    loop {
        let accepted = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (listeners.accept().await, slot)
        };
        let (connection, slot) = tokio::select! {
            (accepted, slot) = accepted => match accepted {
                Ok(connection) => (connection, slot),
                Err(error) => {
                    if warned.is_none_or(|at: Instant| at.elapsed() > WARNING_INTERVAL) {
                        warned = Some(Instant::now());
                        tracing::warn!(%error, "cannot accept connections; trying again until it works");
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = &mut shutdown => break,
        };
        let (handler, watcher) = (Arc::clone(&handler), connections.watcher());
        tokio::spawn(async move {
            let _slot = slot;
            handler.serve(connection, watcher).await;
        });
    }
    drop(listeners);
    // Fails only if nothing listens, and then there is nothing to end.
    let _ = service.stopping.send(true);
    if tokio::time::timeout(GRACE, connections.shutdown()).await.is_err() {
        tracing::warn!("requests were still open after the grace period");
    }
}

/// A connection that has been accepted and not been spoken to.
struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<Tls>,
}

impl Listeners {
    async fn accept(&self) -> io::Result<Connection> {
        let secure = async {
            match &self.secure {
                Some((listener, tls)) => listener.accept().await.map(|accepted| (accepted, Some(tls.clone()))),
                None => std::future::pending().await,
            }
        };
        let plain = async {
            match &self.plain {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        let ((stream, address), tls) = tokio::select! {
            plain = plain => (plain?, None),
            secure = secure => secure?,
        };
        prepare(&stream);
        Ok(Connection { stream, address, tls })
    }
}

/// What serves connections.
struct Handler {
    builder: Builder<TokioExecutor>,
    surface: Surface,
    /// The address of the client is kept for requests without TLS, too.
    wants_peers: bool,
}

impl Handler {
    async fn serve(&self, connection: Connection, watcher: Watcher) {
        let Connection { stream, address, tls } = connection;
        let Some(tls) = tls else {
            let peer = self.wants_peers.then_some(Peer { address, certificate: PeerCertificate::None });
            return self.serve_http(stream, peer, watcher).await;
        };
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok((stream, certificate))) => {
                self.serve_http(stream, Some(Peer { address, certificate }), watcher).await
            }
            Ok(Err(error)) => tracing::debug!(%error, %address, "a TLS handshake failed"),
            Err(_) => tracing::debug!(%address, "a TLS handshake took too long"),
        }
    }

    async fn serve_http<S>(&self, stream: S, peer: Option<Peer>, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let surface = self.surface.clone();
        let begun = Arc::new(AtomicBool::new(false));
        let has_begun = Arc::clone(&begun);
        let flow = Arc::new(Flow::default());
        let stream = Counted::new(stream, Arc::clone(&flow));
        let service = service_fn(move |mut request: Request<Incoming>| {
            has_begun.store(true, Relaxed);
            if let Err(response) = protocol::check(&request) {
                return Either::Left(ready(Ok::<_, Infallible>(*response)));
            }
            if let Some(peer) = &peer {
                request.extensions_mut().insert(peer.clone());
            }
            // Responses over HTTP/2 share their connection, and have windows of their own. Only watches are paced, so
            // others need not carry the flow along.
            if request.version() <= Version::HTTP_11 && may_be_watch(request.uri()) {
                request.extensions_mut().insert(Arc::clone(&flow));
            }
            Either::Right(surface.respond(request.map(Body::new)).map(Ok))
        });
        let mut builder = self.builder.clone();
        builder.http1().timer(HeaderTimer::new(HEADER_READ_TIMEOUT, IDLE_TIMEOUT));
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        tokio::select! {
            ended = watcher.watch(connection) => if let Err(error) = ended {
                tracing::debug!(%error, "a connection failed");
            },
            () = silence(&begun) => tracing::debug!("a connection ended on which no request came"),
        }
    }
}

fn may_be_watch(uri: &Uri) -> bool {
    uri.query().is_some_and(|query| query.contains("watch")) || uri.path().contains("/watch/")
}

/// Completes when a connection has been open for the time that its first request may take and there was none. The
/// timer of hyper runs only after it knows which version of HTTP the client speaks.
async fn silence(begun: &AtomicBool) {
    tokio::time::sleep(HEADER_READ_TIMEOUT).await;
    if begun.load(Relaxed) {
        std::future::pending().await
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Bodies come in small parts, which cost less to copy behind the head than to hand over one by one.
    builder.http1().header_read_timeout(HEADER_READ_TIMEOUT).title_case_headers(true).writev(false);
    builder.http1().max_buf_size(HEAD_MAX).max_headers(HEADER_LINES_MAX);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS_MAX).max_header_list_size(HTTP2_HEAD_MAX);
    builder
}

/// Small responses must not wait for more to send.
fn prepare(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
}
