//! Where the data of a kube-apiserver is that is pointed to an etcd: that etcd is asked.

use std::{path::PathBuf, time::Duration};

use axum::http::StatusCode;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use super::{error::Error, etcd::DATA};

/// How long an etcd may take to come up.
const WAIT: Duration = Duration::from_secs(20);
/// How long one question may take.
const ANSWER: Duration = Duration::from_secs(5);
/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest answer that is read, in bytes.
const ANSWER_MAX: usize = 64 * 1024;

/// The file that the first of the addresses names; `None` if what is there is no etcd of this program.
pub async fn find(servers: &[String]) -> Result<Option<PathBuf>, Error> {
    let failed = |why: String| Error::Etcd { servers: servers.join(","), why };
    let first = servers.first().map(|server| server.trim().trim_end_matches('/')).unwrap_or_default();
    if !first.starts_with("http://") {
        return Err(failed("only http is spoken to it".to_owned()));
    }
    let deadline = Instant::now() + WAIT;
    loop {
        match ask(&format!("{first}{DATA}")).await {
            Ok(path) => return Ok(path),
            Err(why) if Instant::now() >= deadline => return Err(failed(why)),
            Err(why) => tracing::debug!(why, "etcd is not there yet"),
        }
        sleep(PAUSE).await;
    }
}

async fn ask(url: &str) -> Result<Option<PathBuf>, String> {
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let url = url.parse().map_err(|_| format!("{url:?} is not a URL"))?;
    let response = timeout(ANSWER, client.get(url)).await.map_err(|_| "it does not respond".to_owned())?;
    let response =
        response.map_err(|error| std::error::Error::source(&error).map_or(error.to_string(), ToString::to_string))?;
    if response.status() != StatusCode::OK {
        return Ok(None);
    }
    let body = Limited::new(response.into_body(), ANSWER_MAX).collect().await.map_err(|error| error.to_string())?;
    let body: Value = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
    Ok(body["path"].as_str().map(PathBuf::from))
}
