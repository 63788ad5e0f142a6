//! One keep-alive HTTP/1.1 connection per worker, over TCP or TLS.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::tls;

/// Longest wait for one answer, and for a connection.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// As much of an answer as is kept to be read; the rest is only counted.
const KEPT_BYTES: usize = 64 * 1024;

/// Why there was no answer, or not the one needed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// `--server` makes no sense.
    #[error("--server {0}: expected http://host:port or https://host:port")]
    BadServer(String),
    /// `--token` cannot be sent.
    #[error("--token holds a character that a header cannot")]
    BadToken,
    /// TLS could not be set up.
    #[error("TLS: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),
    /// No connection.
    #[error("cannot connect to {server}: {source}")]
    Connect {
        /// Where to.
        server: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(#[from] hyper::Error),
    /// No answer in time.
    #[error("no answer within {} seconds", ANSWER_TIMEOUT.as_secs())]
    Timeout,
    /// An answer other than the needed one.
    #[error("{doing}: the server answered {status}: {message}")]
    Refused {
        /// What was asked.
        doing: String,
        /// The status code.
        status: StatusCode,
        /// The answer's message.
        message: String,
    },
    /// The preparation of a workload did not come through.
    #[error("{doing}: {done} of {wanted} done within the time limit; {errors}")]
    Unprepared {
        /// What was asked.
        doing: &'static str,
        /// How many came through.
        done: u64,
        /// How many were needed.
        wanted: u64,
        /// What went wrong with the others.
        errors: String,
    },
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

/// A request before it has a connection.
pub struct Call {
    method: Method,
    path: String,
    content_type: Option<&'static str>,
    body: Bytes,
}

impl Call {
    /// A GET.
    pub fn get(path: String) -> Call {
        Call { method: Method::GET, path, content_type: None, body: Bytes::new() }
    }

    /// A DELETE without options.
    pub fn delete(path: String) -> Call {
        Call { method: Method::DELETE, path, content_type: None, body: Bytes::new() }
    }

    /// A POST of JSON.
    pub fn post(path: String, body: String) -> Call {
        Call { method: Method::POST, path, content_type: Some("application/json"), body: body.into() }
    }

    /// A JSON merge patch.
    pub fn merge_patch(path: String, body: String) -> Call {
        let content_type = Some("application/merge-patch+json");
        Call { method: Method::PATCH, path, content_type, body: body.into() }
    }
}

/// An answer, read to its end.
pub struct Reply {
    /// The status code.
    pub status: StatusCode,
    /// From the request to the first byte of the body.
    pub first_byte: Duration,
    /// Length of the body.
    pub bytes: u64,
    /// The beginning of the body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The `message` of a Status, or the beginning of whatever was answered.
    pub fn message(&self) -> String {
        let parsed = serde_json::from_slice::<serde_json::Value>(&self.body).unwrap_or_default();
        match parsed["message"].as_str() {
            Some(message) => message.to_owned(),
            None => String::from_utf8_lossy(&self.body).chars().take(200).collect(),
        }
    }

    /// This reply, if it is a success.
    pub fn expect_success(self, doing: &str) -> Result<Reply, Failure> {
        if self.status.is_success() {
            return Ok(self);
        }
        Err(self.refused(doing))
    }

    /// This reply as a failure.
    pub fn refused(&self, doing: &str) -> Failure {
        Failure::Refused { doing: doing.to_owned(), status: self.status, message: self.message() }
    }
}

/// A server's address. Cheap to clone.
#[derive(Clone)]
pub struct Endpoint(Arc<Address>);

struct Address {
    host: String,
    port: u16,
    /// Set before each path, for servers behind a proxy.
    base_path: String,
    authority: HeaderValue,
    authorization: Option<HeaderValue>,
    tls: Option<TlsConnector>,
}

impl Endpoint {
    /// Understands `http://host:port/base` and `https://host:port/base`.
    pub fn parse(server: &str, token: Option<&str>) -> Result<Endpoint, Failure> {
        let bad_server = || Failure::BadServer(server.to_owned());
        let uri: Uri = server.parse().map_err(|_| bad_server())?;
        let authority = uri.authority().ok_or_else(bad_server)?;
        let (tls, default_port) = match uri.scheme_str() {
            Some("http") => (None, 80),
            Some("https") => (Some(tls::connector()?), 443),
            _ => return Err(bad_server()),
        };
        let authorization = match token {
            Some(token) => Some(HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| Failure::BadToken)?),
            None => None,
        };
        Ok(Endpoint(Arc::new(Address {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(default_port),
            base_path: uri.path().trim_end_matches('/').to_owned(),
            authority: HeaderValue::try_from(authority.as_str()).map_err(|_| bad_server())?,
            authorization,
            tls,
        })))
    }

    /// A connection that opens with its first request.
    pub fn connection(&self) -> Connection {
        Connection { endpoint: self.clone(), sender: None }
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Failure> {
        let address = &*self.0;
        let failed = |source| Failure::Connect { server: format!("{}:{}", address.host, address.port), source };
        let tcp = TcpStream::connect((address.host.as_str(), address.port)).await.map_err(failed)?;
        tcp.set_nodelay(true).map_err(failed)?;
        let Some(tls) = &address.tls else {
            return start(tcp).await;
        };
        let name = ServerName::try_from(address.host.clone())
            .map_err(|error| failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, error)))?;
        start(tls.connect(name, tcp).await.map_err(failed)?).await
    }

    fn request(&self, call: Call) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(call.body));
        *request.method_mut() = call.method;
        *request.uri_mut() =
            format!("{}{}", self.0.base_path, call.path).parse().expect("paths are made of names and digits");
        let headers = request.headers_mut();
        headers.insert(HOST, self.0.authority.clone());
        if let Some(authorization) = &self.0.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        if let Some(content_type) = call.content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        request
    }
}

async fn start<S>(stream: S) -> Result<SendRequest<Full<Bytes>>, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Its failure is also the failure of the request that it carries.
    tokio::spawn(connection);
    Ok(sender)
}

/// One worker's connection; it opens again by itself after it was closed.
pub struct Connection {
    endpoint: Endpoint,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    /// Sends a request and reads the whole answer.
    pub async fn send(&mut self, call: Call) -> Result<Reply, Failure> {
        let result = timeout(ANSWER_TIMEOUT, self.exchange(call)).await.unwrap_or(Err(Failure::Timeout));
        if result.is_err() {
            self.sender = None;
        }
        result
    }

    /// Sends a request and returns once the head of the answer is there.
    pub async fn open(&mut self, call: Call) -> Result<Response<Incoming>, Failure> {
        timeout(ANSWER_TIMEOUT, self.start_exchange(call)).await.unwrap_or(Err(Failure::Timeout))
    }

    async fn exchange(&mut self, call: Call) -> Result<Reply, Failure> {
        let sent = Instant::now();
        let response = self.start_exchange(call).await?;
        read(response, sent).await
    }

    async fn start_exchange(&mut self, call: Call) -> Result<Response<Incoming>, Failure> {
        let mut sender = self.ready_sender().await?;
        let response = sender.send_request(self.endpoint.request(call)).await?;
        self.sender = Some(sender);
        Ok(response)
    }

    async fn ready_sender(&mut self) -> Result<SendRequest<Full<Bytes>>, Failure> {
        if let Some(mut sender) = self.sender.take()
            && sender.ready().await.is_ok()
        {
            return Ok(sender);
        }
        timeout(CONNECT_TIMEOUT, self.endpoint.connect()).await.unwrap_or(Err(Failure::Timeout))
    }
}

/// Reads an answer to its end.
pub async fn read(response: Response<Incoming>, sent: Instant) -> Result<Reply, Failure> {
    let status = response.status();
    let mut body = response.into_body();
    let mut reply = Reply { status, first_byte: sent.elapsed(), bytes: 0, body: Vec::new() };
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if reply.bytes == 0 {
            reply.first_byte = sent.elapsed();
        }
        reply.bytes += data.len() as u64;
        let room = KEPT_BYTES.saturating_sub(reply.body.len());
        reply.body.extend_from_slice(&data[..data.len().min(room)]);
    }
    Ok(reply)
}
