//! A webhook to measure: an HTTPS server that allows everything, and a client that keeps its connection to it.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response,
    body::Incoming,
    client::conn::http1::{self as client, SendRequest},
    server::conn::http1 as server,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};
use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    },
};

/// A webhook.
pub struct Hook {
    address: SocketAddr,
    certificate: CertificateDer<'static>,
    /// Its `caBundle`.
    ca: String,
}

impl Hook {
    /// Starts one on the runtime.
    pub fn start(runtime: &Runtime) -> Self {
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("names of a certificate");
        let key = KeyPair::generate().expect("a key");
        let signed = params.self_signed(&key).expect("a certificate");
        let private = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("a key in PEM");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_no_client_auth()
            .with_single_cert(vec![signed.der().clone()], private)
            .expect("a certificate with its key");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let address = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("an address");
            tokio::spawn(serve(listener, acceptor));
            address
        });
        let ca = BASE64_STANDARD.encode(signed.pem());
        Self { address, certificate: signed.der().clone(), ca }
    }

    /// A configuration that has it called about Services of a namespace, as validating webhook.
    pub fn configuration(&self, namespace: &str) -> String {
        let rules = json!([{"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["services"]}]);
        let webhook = json!({
            "name": "bench.example.com",
            "clientConfig": {"url": format!("https://{}/", self.address), "caBundle": self.ca},
            "rules": rules,
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
        });
        json!({"metadata": {"name": "bench"}, "webhooks": [webhook]}).to_string()
    }

    /// A connection to it that is kept.
    pub async fn connect(&self) -> SendRequest<Full<Bytes>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(self.address).await.expect("a server that listens");
        stream.set_nodelay(true).expect("a TCP socket");
        let name = ServerName::try_from("127.0.0.1").expect("a name");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("TLS");
        let (sender, connection) = client::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        sender
    }
}

/// Sends a review over a connection, and reads the response.
pub async fn ask(connection: &mut SendRequest<Full<Bytes>>, review: &Bytes) {
    let request = Request::post("/").header("host", "127.0.0.1").body(Full::new(review.clone())).expect("a request");
    let response = connection.send_request(request).await.expect("a response");
    assert_eq!(response.status(), 200);
    response.into_body().collect().await.expect("a whole response");
}

/// A review about a Service.
pub fn review(service: &str) -> Bytes {
    let object: Value = serde_json::from_str(service).expect("a Service");
    let request = json!({"uid": "1", "operation": "CREATE", "object": object});
    json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}).to_string().into()
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            stream.set_nodelay(true).expect("a TCP socket");
            let Ok(stream) = acceptor.accept(stream).await else { return };
            // A connection that is broken off is no concern of the others.
            let _ = server::Builder::new().serve_connection(TokioIo::new(stream), service_fn(allow)).await;
        });
    }
}

async fn allow(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.expect("a whole request").to_bytes();
    let review: Value = serde_json::from_slice(&body).expect("a review");
    let response = json!({"uid": review["request"]["uid"], "allowed": true});
    let whole = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response});
    let response = Response::builder().header("content-type", "application/json");
    Ok(response.body(Full::new(whole.to_string().into())).expect("a response"))
}
