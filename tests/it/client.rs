//! A small HTTP client for tests: requests with JSON bodies, whole answers, and watches frame by frame.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, body::Incoming};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use tokio::time::timeout;

/// The Services of the namespace that every server has.
pub const SERVICES: &str = "/api/v1/namespaces/default/services";

/// How long an answer or an event may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client of one server. Clones share connections.
#[derive(Clone)]
pub struct Client {
    server: String,
    pool: Pool<HttpConnector, Full<Bytes>>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// A watch as its frames arrive.
pub struct Watch {
    body: Incoming,
    pending: Vec<u8>,
}

impl Client {
    /// A client of the server at `http://…`.
    pub fn new(server: impl Into<String>) -> Self {
        Self { server: server.into(), pool: Pool::builder(TokioExecutor::new()).build_http() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    /// The JSON at a path; `None` as long as nobody listens, or what is there is no JSON.
    pub async fn try_get(&self, path: &str) -> Option<Value> {
        let response = self.pool.get(format!("{}{path}", self.server).parse().expect("a URL")).await.ok()?;
        let body = response.into_body().collect().await.ok()?.to_bytes();
        serde_json::from_slice(&body).ok()
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], "").await
    }

    pub async fn post(&self, path: &str, object: &Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], object.to_string()).await
    }

    pub async fn put(&self, path: &str, object: &Value) -> Answer {
        self.send("PUT", path, &[("content-type", "application/json")], object.to_string()).await
    }

    /// A JSON merge patch.
    pub async fn patch(&self, path: &str, patch: &Value) -> Answer {
        self.send("PATCH", path, &[("content-type", "application/merge-patch+json")], patch.to_string()).await
    }

    /// Sends a request and reads the whole answer. A server that hangs up fails the test.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        self.try_send(method, path, headers, body).await.unwrap_or_else(|why| panic!("{method} {path}: {why}"))
    }

    /// As [`Client::send`]; an error if the connection fails.
    pub async fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Answer, String> {
        let exchange = async {
            let response = self.open(method, path, headers, body).await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = response.into_body().collect().await.map_err(|error| format!("{error:?}"))?.to_bytes();
            Ok(Answer { status, headers, body })
        };
        timeout(PATIENCE, exchange).await.map_err(|_| "no answer in time".to_owned())?
    }

    /// Starts a watch; the path has the parameters beside `watch`.
    pub async fn watch(&self, path: &str) -> Watch {
        let glue = if path.contains('?') { '&' } else { '?' };
        let response = self.open("GET", &format!("{path}{glue}watch=true"), &[], "").await.expect("a response");
        assert_eq!(response.status(), 200, "{path}");
        Watch { body: response.into_body(), pending: Vec::new() }
    }

    async fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<hyper::Response<Incoming>, String> {
        let mut request = hyper::Request::builder().method(method).uri(format!("{}{path}", self.server));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).map_err(|error| error.to_string())?;
        self.pool.request(request).await.map_err(|error| format!("{error:?}"))
    }
}

impl Answer {
    /// The answer, which must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header, empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Watch {
    /// The next event; `None` when the server has ended the watch properly.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.pending.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).expect("a line of JSON"));
            }
            let frame = timeout(PATIENCE, self.body.frame()).await.expect("an event in time")?;
            let frame = frame.expect("a stream that does not break off");
            self.pending.extend_from_slice(frame.data_ref().expect("data"));
        }
    }

    /// The next events, each as `TYPE name`.
    pub async fn take(&mut self, count: usize) -> Vec<String> {
        let mut seen = Vec::with_capacity(count);
        for _ in 0..count {
            seen.push(headline(&self.next().await.expect("a watch that goes on")));
        }
        seen
    }
}

/// Waits until no controller has work left.
pub async fn settle(client: &Client) {
    client.get("/kubedouble/settled?timeout=30s").await.expect(200);
}

/// An event as `TYPE name`.
pub fn headline(event: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{} {}", text(&event["type"]), text(&event["object"]["metadata"]["name"])).trim_end().to_owned()
}

/// A Service with one port.
pub fn service(name: &str) -> Value {
    json!({"metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}})
}

/// A Service that wants a node port.
pub fn node_port_service(name: &str) -> Value {
    json!({"metadata": {"name": name}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}})
}

/// The path of a Service in the default namespace.
pub fn at(name: &str) -> String {
    format!("{SERVICES}/{name}")
}

/// `metadata.resourceVersion`.
pub fn revision(object: &Value) -> &str {
    object["metadata"]["resourceVersion"].as_str().unwrap_or_default()
}

/// The names of a list's items.
pub fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().expect("a list");
    items.iter().map(|item| item["metadata"]["name"].as_str().unwrap_or_default().to_owned()).collect()
}
