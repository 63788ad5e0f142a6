//! A webhook for tests: an HTTPS server in this process, with a certificate of its own.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, pem::PemObject},
    },
};

/// A webhook that runs for as long as the test does.
pub struct Hook {
    /// Where it is, without a path.
    pub url: String,
    /// Its port.
    pub port: u16,
    /// Its `caBundle`.
    pub ca: String,
    received: Arc<Mutex<Vec<Value>>>,
    connections: Arc<AtomicUsize>,
}

impl Hook {
    /// One that is trusted for 127.0.0.1, and answers each path and request like this.
    pub async fn start(respond: impl Fn(&str, &Value) -> Response<Full<Bytes>> + Send + Sync + 'static) -> Self {
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("names of a certificate");
        Self::start_with(params, respond).await
    }

    /// As [`Hook::start`], with this certificate.
    pub async fn start_with(
        params: CertificateParams,
        respond: impl Fn(&str, &Value) -> Response<Full<Bytes>> + Send + Sync + 'static,
    ) -> Self {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let chain = vec![certificate.der().clone()];
        let private = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("a key in PEM");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .expect("a certificate with its key");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let hook = Self {
            url: format!("https://127.0.0.1:{port}"),
            port,
            ca: BASE64_STANDARD.encode(certificate.pem()),
            received: Arc::default(),
            connections: Arc::default(),
        };
        let (received, connections) = (Arc::clone(&hook.received), Arc::clone(&hook.connections));
        let respond = Arc::new(respond);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, SeqCst);
                let (acceptor, received, respond) = (acceptor.clone(), Arc::clone(&received), Arc::clone(&respond));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(move |request: Request<Incoming>| {
                        let (received, respond) = (Arc::clone(&received), Arc::clone(&respond));
                        async move {
                            let path = request.uri().path().to_owned();
                            let body = request.into_body().collect().await.expect("a whole request").to_bytes();
                            let review: Value = serde_json::from_slice(&body).unwrap_or_default();
                            let response = respond(&path, &review["request"]);
                            received.lock().expect("a list").push(review["request"].clone());
                            Ok::<_, Infallible>(response)
                        }
                    });
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        hook
    }

    /// The requests that have come since this was asked last.
    pub fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.received.lock().expect("a list"))
    }

    /// How many connections have been made.
    pub fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    /// A webhook of a configuration: asked at this path about ConfigMaps, with these changes.
    pub fn webhook(&self, path: &str, changes: &Value) -> Value {
        let mut webhook = json!({
            "name": format!("{path}.example.com"),
            "clientConfig": {"url": format!("{}/{path}", self.url), "caBundle": self.ca},
            "rules": [{
                "operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"],
            }],
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
        });
        for (name, value) in changes.as_object().into_iter().flatten() {
            webhook[name] = value.clone();
        }
        webhook
    }
}

/// A configuration of this kind with these webhooks.
pub fn configuration(kind: &str, name: &str, webhooks: &[Value]) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": name}, "webhooks": webhooks,
    })
}

/// A response that allows the request, with these members beside.
pub fn allow(request: &Value, more: &Value) -> Response<Full<Bytes>> {
    let mut response = json!({"uid": request["uid"], "allowed": true});
    for (name, value) in more.as_object().into_iter().flatten() {
        response[name] = value.clone();
    }
    send(&json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}))
}

/// A response that allows the request after this JSON patch.
pub fn mutate(request: &Value, patch: &Value) -> Response<Full<Bytes>> {
    let patch = BASE64_STANDARD.encode(patch.to_string());
    allow(request, &json!({"patchType": "JSONPatch", "patch": patch}))
}

/// A response with this body.
pub fn send(body: &Value) -> Response<Full<Bytes>> {
    Response::new(Full::new(body.to_string().into()))
}
