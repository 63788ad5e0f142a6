//! One HTTP request of a conversation, and its answer as a JSON value.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, timeout};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a step sends.
pub struct Call<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub headers: Vec<(&'a str, String)>,
    pub body: Option<Vec<u8>>,
    /// Read the answer as JSON lines for this long at most.
    pub stream: Option<Duration>,
}

/// Sends the call; the answer has `status`, `type`, `warnings` and one of `body`, `text` or `frames`.
///
/// A server that hangs up is an answer too: its status is 0.
pub async fn send(server: &str, call: &Call<'_>) -> Value {
    match try_send(server, call).await {
        Ok(answer) => answer,
        Err(error) => json!({"status": 0, "type": "", "warnings": [], "text": error.to_string()}),
    }
}

type Error = Box<dyn std::error::Error + Send + Sync>;

async fn try_send(server: &str, call: &Call<'_>) -> Result<Value, Error> {
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let response = timeout(PATIENCE, client.request(request(server, call)?)).await??;
    let header = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut answer = Map::new();
    answer.insert("status".into(), response.status().as_u16().into());
    answer.insert("type".into(), response.headers().get("content-type").map(header).unwrap_or_default().into());
    answer.insert("warnings".into(), response.headers().get_all("warning").iter().map(header).collect());
    let succeeded = response.status() == 200;
    match call.stream.filter(|_| succeeded) {
        Some(time) => answer.insert("frames".into(), frames(response.into_body(), time).await?),
        None => {
            let body = timeout(PATIENCE, response.into_body().collect()).await??.to_bytes();
            match serde_json::from_slice(&body) {
                _ if body.is_empty() => answer.insert("body".into(), Value::Null),
                Ok(json) => answer.insert("body".into(), json),
                Err(_) => answer.insert("text".into(), String::from_utf8_lossy(&body).into()),
            }
        }
    };
    Ok(answer.into())
}

fn request(server: &str, call: &Call<'_>) -> Result<hyper::Request<Full<Bytes>>, Error> {
    let mut request = hyper::Request::builder().method(call.method).uri(format!("{server}{}", call.path));
    for (name, value) in &call.headers {
        request = request.header(*name, value);
    }
    let has = |name| call.headers.iter().any(|(header, _)| *header == name);
    if call.body.is_some() && !has("Content-Type") {
        request = request.header("Content-Type", "application/json");
    }
    for (name, value) in [("Accept", "application/json"), ("User-Agent", "contract/1")] {
        if !has(name) {
            request = request.header(name, value);
        }
    }
    Ok(request.body(call.body.clone().unwrap_or_default().into())?)
}

/// The lines of a stream that arrive until it ends, or until the first line after `time`.
async fn frames(mut body: Incoming, time: Duration) -> Result<Value, Error> {
    let end = Instant::now() + time;
    let (mut frames, mut pending): (Vec<Value>, _) = (Vec::new(), Vec::new());
    while Instant::now() < end {
        let Ok(Some(Ok(chunk))) = timeout(time + Duration::from_secs(5), body.frame()).await else { break };
        pending.extend_from_slice(chunk.data_ref().map_or(&[], |data| &data[..]));
        while let Some(newline) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=newline).collect();
            if !line.trim_ascii().is_empty() {
                frames.push(serde_json::from_slice(&line)?);
            }
        }
    }
    if !pending.trim_ascii().is_empty() {
        frames.push(serde_json::from_slice(&pending)?);
    }
    Ok(frames.into())
}
