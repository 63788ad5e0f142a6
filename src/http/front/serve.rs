//! The accept loop: HTTP/1.1 and HTTP/2, without TLS and with it, with limits, until told to stop.

use std::{convert::Infallible, future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use super::header_timer::HeaderTimer;
use crate::http::{App, Gate, Settings, Surface};
use crate::{
    identity::{Peer, PeerCertificate, Tls},
    verbs::Api,
};
use axum::{Router, body::Body, http::Request};
use futures_util::FutureExt;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto::Builder,
        graceful::{GracefulShutdown, Watcher},
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};

/// Connections that are served at the same time; later ones wait in the listener's backlog.
pub const CONNECTIONS_MAX: usize = 16_384;
/// How long a client may take to send a request's headers.
pub const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a TLS handshake may take.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Streams on one HTTP/2 connection. A client with many watches opens them all on one.
pub const STREAMS_MAX: u32 = 1000;
/// How long open requests have to end when the server stops.
pub const GRACE: Duration = Duration::from_secs(5);
/// How long to wait after an accept failed, most likely for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The routes, and the means to end what hangs on them.
pub struct Service {
    surface: Surface,
    stopping: watch::Sender<bool>,
}

/// The API at this address, for those whom the gate lets in.
pub fn service(api: Api, address: SocketAddr, gate: Gate) -> Service {
    let (sender, stopping) = watch::channel(false);
    let app = App::new(api, Settings { address: address.to_string(), stopping, gate });
    Service { surface: Surface::new(app), stopping: sender }
}

impl Service {
    /// Adds routes of other parts of the server, behind the same gate.
    pub fn merge(self, routes: Router) -> Self {
        Self { surface: self.surface.merge(routes), ..self }
    }
}

/// Where connections come in.
pub struct Listeners {
    /// Without TLS.
    pub plain: TcpListener,
    /// With TLS.
    pub secure: Option<(TcpListener, Tls)>,
}

/// Serves until `shutdown` completes, then lets open requests end for a bounded time.
pub async fn serve(listeners: Listeners, service: Service, shutdown: impl Future<Output = ()>) {
    let mut shutdown = pin!(shutdown);
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let connections = GracefulShutdown::new();
    let wants_peers = service.surface.app().settings.gate.wants_peers();
    let host = Arc::new(Host { builder: builder(), surface: service.surface, wants_peers });
    loop {
        let accepted = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (listeners.accept().await, slot)
        };
        let (connection, slot) = tokio::select! {
            (accepted, slot) = accepted => match accepted {
                Ok(connection) => (connection, slot),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = &mut shutdown => break,
        };
        let (host, watcher) = (Arc::clone(&host), connections.watcher());
        tokio::spawn(async move {
            let _slot = slot;
            host.serve(connection, watcher).await;
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
        let ((stream, address), tls) = tokio::select! {
            plain = self.plain.accept() => (plain?, None),
            secure = secure => secure?,
        };
        prepare(&stream);
        Ok(Connection { stream, address, tls })
    }
}

/// What serves connections.
struct Host {
    builder: Builder<TokioExecutor>,
    surface: Surface,
    /// Requests without TLS are to know where they come from, too.
    wants_peers: bool,
}

impl Host {
    async fn serve(&self, connection: Connection, watcher: Watcher) {
        let Connection { stream, address, tls } = connection;
        let Some(tls) = tls else {
            let peer = self.wants_peers.then_some(Peer { address, certificate: PeerCertificate::None });
            return self.talk(stream, peer, watcher).await;
        };
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok((stream, certificate))) => self.talk(stream, Some(Peer { address, certificate }), watcher).await,
            Ok(Err(error)) => tracing::debug!(%error, %address, "a TLS handshake failed"),
            Err(_) => tracing::debug!(%address, "a TLS handshake took too long"),
        }
    }

    async fn talk<S>(&self, stream: S, peer: Option<Peer>, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let surface = self.surface.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            if let Some(peer) = &peer {
                request.extensions_mut().insert(peer.clone());
            }
            surface.answer(request.map(Body::new)).map(Ok::<_, Infallible>)
        });
        let mut builder = self.builder.clone();
        builder.http1().timer(HeaderTimer::default());
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection failed");
        }
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Bodies come in small parts, which cost less to copy behind the head than to hand over one by one.
    builder.http1().header_read_timeout(HEADER_READ_TIMEOUT).title_case_headers(true).writev(false);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS_MAX);
    builder
}

/// Small answers must not wait for more to send.
fn prepare(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
}
