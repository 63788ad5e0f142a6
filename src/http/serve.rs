//! The accept loop: HTTP/1.1 and HTTP/2 without TLS on one port, with limits, until told to stop.

use std::{future::Future, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};

use super::{Settings, router};
use crate::verbs::Api;

/// Connections that are served at the same time; later ones wait in the listener's backlog.
pub const CONNECTIONS_MAX: usize = 16_384;
/// How long a client may take to send a request's headers.
pub const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Streams on one HTTP/2 connection. A client with many watches opens them all on one.
pub const STREAMS_MAX: u32 = 1000;
/// How long open requests have to end when the server stops.
pub const GRACE: Duration = Duration::from_secs(5);
/// How long to wait after an accept failed, most likely for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The routes, and the means to end what hangs on them.
pub struct Service {
    router: Router,
    stopping: watch::Sender<bool>,
}

/// The API at this address.
pub fn service(api: Api, address: SocketAddr) -> Service {
    let (sender, stopping) = watch::channel(false);
    let router = router(api, Settings { address: address.to_string(), stopping });
    Service { router, stopping: sender }
}

impl Service {
    /// Adds routes of other parts of the server.
    pub fn merge(self, routes: Router) -> Self {
        Self { router: self.router.merge(routes), ..self }
    }
}

/// Serves until `shutdown` completes, then lets open requests end for a bounded time.
pub async fn serve(listener: TcpListener, service: Service, shutdown: impl Future<Output = ()>) {
    let mut shutdown = pin!(shutdown);
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let connections = GracefulShutdown::new();
    let builder = Arc::new(builder());
    loop {
        let accepted = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (listener.accept().await, slot)
        };
        let (stream, slot) = tokio::select! {
            (accepted, slot) = accepted => match accepted {
                Ok((stream, _)) => (stream, slot),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = &mut shutdown => break,
        };
        let (builder, router, watcher) = (Arc::clone(&builder), service.router.clone(), connections.watcher());
        tokio::spawn(async move {
            let _slot = slot;
            prepare(&stream);
            let service = TowerToHyperService::new(router);
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(%error, "a connection failed");
            }
        });
    }
    drop(listener);
    // Fails only if nothing listens, and then there is nothing to end.
    let _ = service.stopping.send(true);
    if tokio::time::timeout(GRACE, connections.shutdown()).await.is_err() {
        tracing::warn!("requests were still open after the grace period");
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_READ_TIMEOUT).title_case_headers(true);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS_MAX);
    builder
}

/// Small answers must not wait for more to send.
fn prepare(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
}
