//! Connections: where a host is, TCP, and TLS.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use hyper::{
    Uri,
    rt::{Read, ReadBufCursor, Write},
};
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{self, ClientConfig, pki_types::ServerName},
};
use tower::Service;

use super::{destination::ServiceReference, trust};
use crate::kinds::service::route::Route;

/// How long a connection may take to come about, as in a Go client.
const CONNECT_MAX: Duration = Duration::from_secs(30);

/// Knows where the services of the cluster lead.
pub trait Services: Send + Sync {
    /// Where a port of a service leads. The error is the one of kube-apiserver.
    fn route(&self, namespace: &str, name: &str, port: u16) -> Result<Route, String>;
}

/// Connects to one webhook, and to where it redirects.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) service: Option<ServiceReference>,
    pub(super) services: Arc<dyn Services>,
    pub(super) tls: Arc<ClientConfig>,
}

/// Why there is no connection, in a Go client's words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct ConnectError(pub(super) String);

/// A connection to a webhook. One without TLS is only met after a redirect.
pub(super) enum Stream {
    Plain(TokioIo<TcpStream>),
    Tls(Box<TokioIo<TlsStream<TcpStream>>>),
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            match tokio::time::timeout(CONNECT_MAX, connector.connect(&uri)).await {
                Ok(connected) => connected,
                Err(_) => Err(ConnectError("dial tcp: i/o timeout".to_owned())),
            }
        })
    }
}

impl Connector {
    async fn connect(&self, uri: &Uri) -> Result<Stream, ConnectError> {
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let is_plain = uri.scheme_str() == Some("http");
        let port = uri.port_u16().unwrap_or(if is_plain { 80 } else { 443 });
        let tcp = self.dial(host, port).await?;
        // A review is one write, which should not wait for another.
        let _ = tcp.set_nodelay(true);
        if is_plain {
            return Ok(Stream::Plain(TokioIo::new(tcp)));
        }
        let name = match host.parse::<IpAddr>() {
            Ok(address) => ServerName::IpAddress(address.to_canonical().into()),
            Err(_) => ServerName::try_from(host.to_owned()).map_err(|error| ConnectError(error.to_string()))?,
        };
        let stream = TlsConnector::from(Arc::clone(&self.tls)).connect(name, tcp).await;
        stream.map(|stream| Stream::Tls(Box::new(TokioIo::new(stream)))).map_err(|error| ConnectError(tls_text(&error)))
    }

    async fn dial(&self, host: &str, port: u16) -> Result<TcpStream, ConnectError> {
        let addresses = match &self.service {
            Some(service) if port == service.port && host == service.host() => {
                match self.services.route(&service.namespace, &service.name, port).map_err(ConnectError)? {
                    Route::Addresses(addresses) => addresses,
                    Route::Host(host, port) => look_up(&host, port).await?,
                }
            }
            _ => look_up(host, port).await?,
        };
        let mut refused = ConnectError(format!("dial tcp: lookup {host}: no such host"));
        for mut address in addresses {
            address.set_ip(address.ip().to_canonical());
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => refused = ConnectError(format!("dial tcp {address}: connect: {}", errno(&error))),
            }
        }
        Err(refused)
    }
}

async fn look_up(host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
    let found = tokio::net::lookup_host((host, port)).await;
    Ok(found.map_err(|_| ConnectError(format!("dial tcp: lookup {host}: no such host")))?.collect())
}

/// What C calls a failure to connect, as Go prints it.
fn errno(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset by peer".to_owned(),
        io::ErrorKind::HostUnreachable => "no route to host".to_owned(),
        io::ErrorKind::NetworkUnreachable => "network is unreachable".to_owned(),
        io::ErrorKind::TimedOut => "connection timed out".to_owned(),
        _ => error.to_string(),
    }
}

fn tls_text(error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(error) => trust::text(error),
        None if error.kind() == io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
        None => errno(error),
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_read(context, buffer),
        }
    }
}

impl Write for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_shutdown(context),
        }
    }
}
